// What a task and the manager agree on about its token.
#include <boost/test/unit_test.hpp>

#include <taskactor/detail/token_state.hpp>

#include <atomic>
#include <thread>

using taskactor::detail::token_state;

BOOST_AUTO_TEST_SUITE(token_states)

BOOST_AUTO_TEST_CASE(what_is_lent_is_the_managers_once_it_takes_it) {
  token_state token;
  BOOST_TEST(!token.may_run());
  token.begin();
  BOOST_TEST(token.may_run());
  BOOST_TEST(!token.take_lent());
  token.lend();
  BOOST_TEST(!token.may_run());
  BOOST_TEST(token.take_lent());
  BOOST_TEST(!token.take_lent());
  BOOST_TEST(!token.lacks());
  BOOST_TEST(token.want());
  BOOST_TEST(!token.want()); // it is known
  BOOST_TEST(token.lacks());
  BOOST_TEST(!token.may_run());
  token.give();
  BOOST_TEST(token.may_run());
  BOOST_TEST(token.end());
  BOOST_TEST(!token.end());
}

BOOST_AUTO_TEST_CASE(what_was_not_taken_yet_is_still_there) {
  token_state token;
  token.begin();
  token.lend();
  BOOST_TEST(!token.want());
  BOOST_TEST(token.may_run());
  BOOST_TEST(!token.take_lent());
  BOOST_TEST(!token.lacks());
}

BOOST_AUTO_TEST_CASE(who_needs_none_runs_without) {
  token_state token;
  token.begin();
  token.lend();
  BOOST_TEST(token.take_lent());
  token.excuse();
  BOOST_TEST(token.may_run());
  BOOST_TEST(!token.end());
  BOOST_TEST(!token.may_run());
}

BOOST_AUTO_TEST_CASE(one_that_is_lent_and_taken_at_once_is_there_once) {
  token_state token;
  token.begin();
  std::atomic<bool> over{false};
  std::atomic<int> with_manager{0};
  std::jthread manager{[&] {
    while (!over) {
      if (token.take_lent())
        ++with_manager;
      if (with_manager != 0 && token.lacks()) {
        --with_manager;
        token.give();
      }
    }
  }};
  for (int i = 0; i < 100'000; ++i) {
    token.lend();
    token.want();
    while (!token.may_run())
      std::this_thread::yield();
    if (with_manager != 0) {
      BOOST_TEST(with_manager == 0);
      break;
    }
  }
  over = true;
}

BOOST_AUTO_TEST_SUITE_END()
