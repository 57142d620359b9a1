// Whose a task's outcome is: who was the last to let go of it, who may refer to its value, who may take it.
#include <boost/test/unit_test.hpp>

#include <taskactor/detail/outcome_owners.hpp>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

using owners_type = taskactor::detail::outcome_owners;

namespace outcome_owners {

/// On four threads at once.
template <class F>
void at_once(F call) {
  std::latch ready{4};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      call();
    });
}

} // namespace outcome_owners

BOOST_AUTO_TEST_SUITE(outcome_owners)

BOOST_AUTO_TEST_CASE(the_manager_is_one_until_it_lets_go) {
  owners_type of;
  BOOST_TEST(of.only_one());
  of.add();
  BOOST_TEST(!of.drop()); // a handle that goes before the end forgets nothing
  of.add();
  BOOST_TEST(!of.drop()); // the manager
  BOOST_TEST(of.only_one());
  BOOST_TEST(of.drop());
}

BOOST_AUTO_TEST_CASE(the_only_one_takes_what_was_lent_and_nobody_after_it) {
  owners_type of;
  BOOST_TEST(of.lend());
  BOOST_TEST(of.lend());
  BOOST_TEST(of.take());
  BOOST_TEST(!of.take());
  BOOST_TEST(!of.lend());
}

BOOST_AUTO_TEST_CASE(one_of_several_takes_what_was_never_lent) {
  owners_type of;
  of.add();
  BOOST_TEST(of.take());
  BOOST_TEST(!of.take());
  owners_type lent;
  lent.add();
  BOOST_TEST(lent.lend());
  BOOST_TEST(!lent.take());
  BOOST_TEST(!lent.drop());
  BOOST_TEST(lent.take());
}

BOOST_AUTO_TEST_CASE(of_several_at_once_one_is_the_last_and_one_takes) {
  for (int round = 0; round < 300; ++round) {
    owners_type of;
    for (int i = 0; i < 3; ++i)
      of.add();
    std::atomic<int> last{0}, taken{0};
    at_once([&] {
      taken += of.take() ? 1 : 0;
      last += of.drop() ? 1 : 0;
    });
    BOOST_TEST(last == 1);
    BOOST_TEST(taken == 1);
  }
}

BOOST_AUTO_TEST_CASE(what_is_lent_is_not_taken_at_the_same_time) {
  for (int round = 0; round < 300; ++round) {
    owners_type of;
    for (int i = 0; i < 4; ++i)
      of.add();
    std::atomic<int> turn{0}, lent{0}, taken{0};
    at_once([&] {
      if (turn++ % 2 == 0)
        lent += of.lend() ? 1 : 0;
      else
        taken += of.take() ? 1 : 0;
    });
    BOOST_TEST((taken == 0 ? lent == 2 : taken == 1 && lent == 0));
  }
}

BOOST_AUTO_TEST_SUITE_END()
