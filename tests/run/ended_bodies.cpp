// The list of tasks whose actors have ended: in order, each once, with one telling for all since the last
// look.
#include <boost/test/unit_test.hpp>

#include "run/ended_bodies.hpp"

#include <taskactor/run/body.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace ta = taskactor;

namespace {

auto a_record() {
  return ta::detail::make_body([] {});
}
using record_ref = decltype(a_record());

std::size_t count(ta::detail::record* first) {
  std::size_t result = 0;
  for (; first; first = first->ended_before)
    ++result;
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ended_bodies)

BOOST_AUTO_TEST_CASE(they_are_taken_in_the_order_of_their_ends_and_the_first_is_told) {
  ta::detail::ended_bodies all;
  const auto first = a_record(), second = a_record(), third = a_record();
  BOOST_TEST(!all.take());
  BOOST_TEST(all.push(*first));
  BOOST_TEST(!all.push(*second));
  auto* taken = all.take();
  BOOST_TEST(taken == first.get());
  BOOST_TEST(taken->ended_before == second.get());
  BOOST_TEST(!second->ended_before);
  BOOST_TEST(all.push(*third));
  BOOST_TEST(all.take() == third.get());
}

BOOST_AUTO_TEST_CASE(none_is_lost_between_threads_that_end_and_one_that_looks_when_it_is_told) {
  constexpr std::size_t threads = 4, each = 20'000;
  ta::detail::ended_bodies all;
  std::vector<std::vector<record_ref>> records(threads);
  for (auto& own : records)
    for (std::size_t i = 0; i < each; ++i)
      own.push_back(a_record());
  std::atomic<std::size_t> told{0};
  std::vector<std::jthread> ending;
  for (auto& own : records)
    ending.emplace_back([&] {
      for (const auto& task : own)
        if (all.push(*task))
          told.fetch_add(1);
    });
  std::size_t seen = 0, heard = 0;
  while (seen < threads * each) { // a look for each telling, as the manager's
    if (told.load() == heard) {
      std::this_thread::yield();
      continue;
    }
    ++heard;
    seen += count(all.take());
  }
  ending.clear();
  BOOST_TEST(told.load() == heard);
  BOOST_TEST(!all.take());
}

BOOST_AUTO_TEST_SUITE_END()
