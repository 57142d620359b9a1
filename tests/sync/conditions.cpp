// condition: the mutex is held again behind each wait, and no notification is lost.
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

BOOST_AUTO_TEST_SUITE(conditions)

BOOST_AUTO_TEST_CASE(a_wait_unlocks_the_mutex_and_has_it_again_behind) {
  virtual_time world{{.capacity = 1}};
  const ta::condition changed;
  int value = 0;
  auto waits = [&]() -> ta::task<int> {
    auto guard = co_await changed.lock();
    co_await changed.wait(guard);
    BOOST_TEST(static_cast<bool>(guard));
    BOOST_TEST(changed.its_mutex().locked());
    co_return value;
  };
  auto h = world.tasks.add_task({}, waits).value();
  world.settle();
  BOOST_TEST(changed.waiting() == 1u);
  BOOST_TEST(!changed.its_mutex().locked());
  BOOST_TEST(world.waiting().at(0).waits_for == "a notification by a condition");
  auto notifies = [&]() -> ta::task<void> {
    const auto guard = co_await changed.lock();
    value = 7;
    changed.notify();
    BOOST_TEST(changed.waiting() == 0u);
    co_await ta::sleep_for(1s); // it is still this one's
    BOOST_TEST(!ta::is_final(h.state()));
  };
  world.tasks.add_task({.id = "notifies"}, notifies).value().get();
  BOOST_TEST(h.get() == 7);
  BOOST_TEST(!changed.its_mutex().locked());
}

BOOST_AUTO_TEST_CASE(so_many_are_notified_in_the_order_of_coming_and_none_who_comes_later) {
  virtual_time world;
  const ta::mutex m;
  const ta::condition changed{m};
  BOOST_CHECK(changed.its_mutex() == m);
  BOOST_CHECK(changed == ta::condition{changed});
  BOOST_CHECK(!(changed == ta::condition{m}));
  std::vector<int> woken;
  auto waits = [&](int number) -> ta::task<void> {
    auto guard = co_await m.lock();
    co_await changed.wait(guard);
    woken.push_back(number);
  };
  changed.notify_all(); // nobody is there: it is told to nobody
  for (int i = 0; i < 6; ++i)
    (void)world.tasks.add_task({}, waits, i);
  world.settle();
  BOOST_TEST(changed.waiting() == 6u);
  changed.notify(0);
  world.settle();
  BOOST_TEST(woken.empty());
  changed.notify();
  world.settle();
  BOOST_TEST(woken == (std::vector<int>{0}), boost::test_tools::per_element());
  changed.notify(2);
  world.settle();
  BOOST_TEST(woken == (std::vector<int>{0, 1, 2}), boost::test_tools::per_element());
  changed.notify_all();
  (void)world.tasks.add_task({}, waits, 6);
  world.settle();
  BOOST_TEST(woken == (std::vector<int>{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(changed.waiting() == 1u);
}

BOOST_AUTO_TEST_CASE(a_guard_that_doesnt_have_its_mutex_is_refused) {
  virtual_time world;
  const ta::condition changed;
  auto empty = [&]() -> ta::task<void> {
    ta::mutex_guard guard;
    co_await changed.wait(guard);
  };
  auto other = [&]() -> ta::task<void> {
    const ta::mutex m;
    auto guard = co_await m.lock();
    try {
      co_await changed.wait(guard);
    } catch (...) {
      BOOST_TEST(m.locked());
      throw;
    }
  };
  BOOST_CHECK_EXCEPTION(world.tasks.add_task({}, empty).value().get(), ta::error,
                        with(ta::errc::invalid_argument));
  BOOST_CHECK_EXCEPTION(world.tasks.add_task({}, other).value().get(), ta::error,
                        with(ta::errc::invalid_argument));
  BOOST_TEST(changed.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(a_predicate_is_asked_under_the_mutex_and_may_throw) {
  virtual_time world;
  const ta::condition changed;
  int value = 0, asked = 0;
  auto waits = [&](int wanted) -> ta::task<void> {
    auto guard = co_await changed.lock();
    const auto there = [&] {
      ++asked;
      BOOST_TEST(changed.its_mutex().locked());
      BOOST_TEST(changed.its_mutex().waiting() == 0u); // no lock of the library's is held
      if (value < 0)
        throw std::runtime_error{"below zero"};
      return value >= wanted;
    };
    try {
      co_await changed.wait(guard, there);
    } catch (const std::runtime_error&) {
      BOOST_TEST(static_cast<bool>(guard));
      throw;
    }
    BOOST_TEST(static_cast<bool>(guard));
  };
  world.tasks.add_task({}, waits, 0).value().get(); // holds already
  BOOST_TEST(asked == 1);
  auto two = world.tasks.add_task({}, waits, 2).value();
  for (value = 0; value < 2; ++value) {
    world.settle();
    BOOST_TEST(!ta::is_final(two.state()));
    changed.notify();
  }
  two.get();
  auto throws = world.tasks.add_task({}, waits, 3).value();
  world.settle();
  value = -1;
  changed.notify_all();
  BOOST_CHECK_THROW(throws.get(), std::runtime_error);
  BOOST_TEST(!changed.its_mutex().locked());
}

BOOST_AUTO_TEST_CASE(cancelled_it_has_the_mutex_again_before_it_throws) {
  virtual_time world{{.cancel_grace = 1h}};
  const ta::condition changed;
  bool thrown = false;
  auto waits = [&]() -> ta::task<void> {
    auto guard = co_await changed.lock();
    try {
      co_await changed.wait(guard);
    } catch (const ta::cancelled_error&) {
      thrown = true;
      BOOST_TEST(static_cast<bool>(guard));
      BOOST_TEST(changed.its_mutex().locked());
      throw;
    }
  };
  auto scoped = [&]() -> ta::task<void> { co_await ta::move_on_after(1s, std::ref(waits)); };
  for (const bool by_scope : {false, true}) {
    thrown = false;
    auto h = by_scope ? world.tasks.add_task({.id = "waiter"}, scoped).value()
                      : world.tasks.add_task({.id = "waiter"}, waits).value();
    world.settle();
    auto held = changed.its_mutex().try_lock();
    BOOST_TEST(static_cast<bool>(held));
    if (by_scope)
      world.advance(1s);
    else
      h.cancel();
    world.settle();
    BOOST_TEST(!thrown); // the mutex is somebody else's
    BOOST_TEST(changed.waiting() == 0u);
    BOOST_TEST(world.waiting().at(0).waits_for == "a mutex, held by a thread, to go on after a condition");
    changed.notify(); // is nobody's
    held.unlock();
    world.settle();
    BOOST_TEST(thrown);
    BOOST_CHECK(h.state() == (by_scope ? ta::state::completed : ta::state::cancelled));
    BOOST_TEST(!changed.its_mutex().locked());
  }
}

BOOST_AUTO_TEST_CASE(a_body_that_is_to_end_keeps_its_guard_and_one_that_was_notified_returns) {
  virtual_time world;
  const ta::condition changed;
  int refused = 0, returned = 0;
  auto late = [&]() -> ta::task<void> {
    auto guard = co_await changed.lock();
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
    }
    try {
      co_await changed.wait(guard);
    } catch (const ta::cancelled_error&) {
      refused += static_cast<bool>(guard);
    }
  };
  auto h = world.tasks.add_task({}, late).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(refused == 1);
  auto notified = [&]() -> ta::task<void> {
    auto guard = co_await changed.lock();
    co_await changed.wait(guard);
    returned += static_cast<bool>(guard);
  };
  auto other = world.tasks.add_task({}, notified).value();
  world.settle();
  auto held = changed.its_mutex().try_lock();
  changed.notify();
  world.settle();
  other.cancel(); // while it waits for the mutex
  world.settle();
  BOOST_TEST(returned == 0);
  held.unlock();
  world.settle();
  BOOST_TEST(returned == 1);
}

BOOST_AUTO_TEST_CASE(whatever_ends_a_wait_one_of_two_has_the_notification) {
  for (const bool mutex_is_free : {true, false})
    each_ending([&](ta::testing::manager& m, ending how, timing when) {
      const ta::condition changed;
      int first = 0, second = 0;
      auto behind = [&]() -> ta::task<void> {
        auto guard = co_await changed.lock();
        co_await changed.wait(guard);
        ++second;
      };
      ta::mutex_guard held;
      auto body = [&]() -> ta::task<void> {
        (void)m.tasks().add_task({}, std::ref(behind));
        auto guard = co_await changed.lock();
        co_await changed.wait(guard);
        ++first;
      };
      auto serve = [&] {
        if (!mutex_is_free)
          held = changed.its_mutex().try_lock();
        changed.notify();
        held.unlock();
      };
      end_while_waiting(m, how, when, body, serve);
      BOOST_TEST(first + second == 1);
      BOOST_TEST(changed.waiting() == static_cast<std::size_t>(first));
      if (when == timing::value_first)
        BOOST_TEST(first == 1);
      if (when == timing::ending_first)
        BOOST_TEST(first == 0);
      if (when == timing::value_then_ending && how == ending::cancelled)
        BOOST_TEST(first == 1);
      changed.notify_all();
      m.settle();
      BOOST_TEST(second == 1);
      BOOST_TEST(!changed.its_mutex().locked());
      BOOST_TEST(changed.its_mutex().waiting() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(who_is_killed_while_it_wants_the_mutex_passes_its_notification_on) {
  virtual_time world;
  const ta::condition changed;
  std::string woken;
  auto waits = [&](std::string name) -> ta::task<void> {
    auto guard = co_await changed.lock();
    co_await changed.wait(guard);
    woken += name;
  };
  for (const char* name : {"a", "b", "c"})
    (void)world.tasks.add_task({.id = name}, waits, name);
  world.settle();
  auto held = changed.its_mutex().try_lock();
  changed.notify();
  world.kill_task("a");
  world.settle();
  BOOST_TEST(changed.waiting() == 1u);
  BOOST_TEST(changed.its_mutex().waiting() == 1u);
  held.unlock();
  world.settle();
  BOOST_TEST(woken == "b");
  world.kill_task("c"); // had none
  world.settle();
  BOOST_TEST(changed.waiting() == 0u);
  BOOST_TEST(!changed.its_mutex().locked());
}

BOOST_AUTO_TEST_CASE(the_end_of_the_last_copy_is_told_under_the_mutex) {
  virtual_time world;
  std::optional<ta::condition> last{std::in_place};
  const auto m = last->its_mutex();
  int closed = 0, asked = 0;
  const auto is_closed = [&](const ta::error& e, const ta::mutex_guard& guard) {
    closed += e.code() == ta::make_error_code(ta::errc::closed) && guard && m.locked();
  };
  auto waits = [&]() -> ta::task<void> {
    auto guard = co_await m.lock();
    try {
      co_await last->wait(guard);
    } catch (const ta::error& e) {
      is_closed(e, guard);
    }
  };
  auto in_predicate = [&]() -> ta::task<void> {
    auto guard = co_await m.lock();
    const auto drops = [&] {
      if (++asked == 2)
        last.reset();
      return false;
    };
    try {
      co_await last->wait(guard, drops);
    } catch (const ta::error& e) {
      is_closed(e, guard);
    }
  };
  auto h = world.tasks.add_task({}, in_predicate).value();
  auto other = world.tasks.add_task({}, waits).value();
  world.settle();
  last->notify();
  h.get();
  other.get();
  BOOST_TEST(asked == 2);
  BOOST_TEST(closed == 2);
  BOOST_TEST(!m.locked());
}

BOOST_AUTO_TEST_CASE(a_bounded_queue_loses_nothing_in_any_order) {
  ta::testing::explore({.seeds = 60, .world = {.manager = {.capacity = 2}}}, [](ta::testing::manager& m) {
    const ta::condition changed;
    std::deque<int> queue;
    constexpr std::size_t room = 2;
    int put = 0, taken = 0;
    auto produces = [&](int count) -> ta::task<void> {
      const auto has_room = [&] { return queue.size() < room; };
      for (int i = 0; i < count; ++i) {
        auto guard = co_await changed.lock();
        co_await changed.wait(guard, has_room);
        BOOST_TEST(queue.size() < room);
        queue.push_back(put++);
        changed.notify_all();
      }
    };
    auto consumes = [&]() -> ta::task<void> {
      const auto has_some = [&] { return !queue.empty(); };
      for (;;) {
        auto guard = co_await changed.lock();
        co_await changed.wait(guard, has_some);
        BOOST_TEST(queue.front() == taken++);
        queue.pop_front();
        changed.notify_all();
        if (m.draw(3) == 0)
          co_await ta::sleep_for(1ms); // with the mutex
      }
    };
    std::vector<ta::handle<void>> producers;
    for (int i = 0; i < 4; ++i) {
      producers.push_back(m.tasks().add_task({.id = "p" + std::to_string(i)}, produces, 5).value());
      (void)m.tasks().add_task({.id = "c" + std::to_string(i)}, consumes);
    }
    for (int i = 0; i < 6; ++i) {
      const auto victim = std::to_string(1 + m.draw(3)); // one consumer is left
      const auto id = (m.draw(2) == 0 ? "p" : "c") + victim;
      if (m.draw(2) == 0)
        m.kill_task(id);
      else
        m.tasks().cancel_task(id);
      m.advance(std::chrono::milliseconds{m.draw(3)});
    }
    m.run_until_idle();
    for (auto& each : producers)
      BOOST_TEST(ta::is_final(each.state()));
    BOOST_TEST(queue.empty());
    BOOST_TEST(put == taken);
    BOOST_TEST(put >= 5);
    BOOST_TEST(!changed.its_mutex().locked());
    for (const char* id : {"c0", "c1", "c2", "c3"})
      m.tasks().cancel_task(id); // before what they refer to goes
    m.settle();
    BOOST_TEST(changed.waiting() == 0u);
  });
}

BOOST_AUTO_TEST_CASE(threads_notify) {
  ta::task_manager tasks;
  const ta::condition changed;
  int value = 0;
  auto waits = [&](int wanted) -> ta::task<void> {
    auto guard = co_await changed.lock();
    const auto there = [&] { return value >= wanted; };
    co_await changed.wait(guard, there);
  };
  std::vector<ta::handle<void>> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(tasks.add_task({}, waits, i * 10).value());
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 100; ++k) {
          const auto guard = changed.its_mutex().blocking_lock();
          ++value;
          changed.notify_all();
        }
      });
  }
  for (auto& each : all)
    each.get();
  BOOST_TEST(value == 200);
}

BOOST_AUTO_TEST_SUITE_END()
