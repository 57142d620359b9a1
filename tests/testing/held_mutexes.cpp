// A body that awaits with a mutex of its thread's locked is told of.
#include <taskactor/testing/held_mutexes.hpp>

#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace held_mutexes {

namespace ta = taskactor;
using namespace std::chrono_literals;

template <class Mutex>
ta::task<void> sleeps_with(Mutex& held) {
  const std::unique_lock guard{held};
  co_await ta::sleep_for(1s);
}
ta::task<void> yields_with(std::mutex& held) {
  const std::lock_guard guard{held};
  co_await ta::yield();
}
ta::task<void> unlocks_before(std::mutex& held) {
  { const std::lock_guard guard{held}; }
  co_await ta::sleep_for(1s);
}
ta::task<void> locks_ours(ta::mutex held) {
  const auto guard = co_await held.lock();
  co_await ta::sleep_for(1s);
}

} // namespace held_mutexes

BOOST_AUTO_TEST_SUITE(held_mutexes)
using namespace held_mutexes;

#ifndef __SANITIZE_THREAD__

BOOST_AUTO_TEST_CASE(who_holds_one_is_named_and_what_it_awaits) {
  test::virtual_time world;
  std::mutex mine;
  const ta::testing::held_mutexes held; // from now on
  world.tasks.add_task({.id = "careless"}, sleeps_with<std::mutex>, std::ref(mine)).value().get();
  BOOST_REQUIRE(held.found().size() == 1U);
  const auto what = held.found().front();
  BOOST_TEST(what.find("task \"careless\" awaits") == 0U, what);
  BOOST_TEST(what.find("with a mutex of its thread's locked") != what.npos, what);
  BOOST_TEST(what.find("taskactor::mutex") != what.npos, what);
}

BOOST_AUTO_TEST_CASE(each_kind) {
  test::virtual_time world;
  const ta::testing::held_mutexes held;
  std::recursive_mutex recursive;
  world.tasks.add_task({}, sleeps_with<std::recursive_mutex>, std::ref(recursive)).value().get();
  std::timed_mutex timed;
  world.tasks.add_task({}, sleeps_with<std::timed_mutex>, std::ref(timed)).value().get();
  std::shared_mutex shared;
  world.tasks.add_task({}, sleeps_with<std::shared_mutex>, std::ref(shared)).value().get();
  std::mutex plain;
  world.tasks.add_task({}, yields_with, std::ref(plain)).value().get();
  auto shares = [&]() -> ta::task<void> {
    const std::shared_lock guard{shared};
    co_await ta::sleep_for(1s);
  };
  world.tasks.add_task({}, shares).value().get();
  BOOST_TEST(held.found().size() == 5U);
  std::mutex other;
  auto both = [&]() -> ta::task<void> {
    const std::scoped_lock guard{plain, other};
    co_await ta::sleep_for(1s);
  };
  world.tasks.add_task({}, both).value().get();
  BOOST_TEST(held.found().back().find("2 mutexes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_right_is_not_found) {
  test::virtual_time world;
  std::mutex mine, of_the_test;
  const ta::mutex ours;
  const ta::testing::held_mutexes held;
  const std::lock_guard around{of_the_test}; // the bodies run on this thread, and have nothing to do with it
  world.tasks.add_task({}, unlocks_before, std::ref(mine)).value().get();
  world.tasks.add_task({}, locks_ours, ours).value().get();
  auto all = [](int value) -> ta::task<int> {
    co_await ta::sleep_for(1s);
    co_return value;
  };
  (void)world.tasks.gather({.concurrency = 2}, all, std::vector<int>{1, 2, 3});
  BOOST_TEST(held.found().empty());
}

BOOST_AUTO_TEST_CASE(on_real_threads) {
  std::mutex mine;
  const ta::testing::held_mutexes held;
  ta::manager_options quiet;
  quiet.log_level = ta::log_level::off;
  ta::task_manager tasks{quiet};
  auto naps = [&]() -> ta::task<void> {
    mine.lock();
    co_await ta::sleep_for(1ms);
    co_return; // whichever thread it is on now can't unlock it: that is what is wrong
  };
  tasks.add_task({}, naps).value().get();
  BOOST_TEST(held.found().size() == 1U);
}

BOOST_AUTO_TEST_CASE(only_while_somebody_asks) {
  test::virtual_time world;
  std::mutex mine;
  { const ta::testing::held_mutexes held; }
  world.tasks.add_task({}, sleeps_with<std::mutex>, std::ref(mine)).value().get();
  const ta::testing::held_mutexes again;
  BOOST_TEST(again.found().empty());
}

#else

BOOST_AUTO_TEST_CASE(it_says_that_it_sees_nothing) {
  test::virtual_time world;
  std::mutex mine;
  const ta::testing::held_mutexes held;
  world.tasks.add_task({}, sleeps_with<std::mutex>, std::ref(mine)).value().get();
  BOOST_TEST(held.found().empty());
  BOOST_TEST(!ta::testing::held_mutexes::works);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
