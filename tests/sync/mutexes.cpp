// mutex: one at a time and in order, and what becomes of guards when bodies end.
#include "support/gate.hpp"
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace mutexes {

std::string waits_for(virtual_time& world, std::string_view id) {
  for (const auto& each : world.waiting())
    if (each.id == id)
      return each.waits_for;
  return "nothing";
}

} // namespace mutexes

BOOST_AUTO_TEST_SUITE(mutexes)

BOOST_AUTO_TEST_CASE(one_at_a_time_in_the_order_of_coming) {
  virtual_time world;
  const ta::mutex m;
  std::vector<int> order;
  int inside = 0;
  auto body = [&](int number) -> ta::task<void> {
    for (int round = 0; round < 2; ++round) {
      const auto guard = co_await m.lock();
      BOOST_TEST(++inside == 1);
      BOOST_TEST(m.locked());
      co_await ta::sleep_for(1ms);
      order.push_back(number);
      --inside;
    }
  };
  for (int i = 0; i < 4; ++i)
    (void)world.tasks.add_task({}, body, i);
  world.run_until_idle();
  // Who unlocks and locks again comes behind those who waited meanwhile.
  BOOST_TEST(order == (std::vector<int>{0, 1, 2, 3, 0, 1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(!m.locked());
}

BOOST_AUTO_TEST_CASE(nobody_overtakes_those_who_wait) {
  virtual_time world;
  const ta::mutex m;
  const auto copy = m;
  BOOST_CHECK(copy == m);
  auto held = m.try_lock();
  BOOST_TEST(static_cast<bool>(held));
  BOOST_TEST(!copy.try_lock());
  bool got = false;
  auto body = [&]() -> ta::task<void> {
    const auto guard = co_await copy.lock();
    got = true;
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  BOOST_TEST(m.waiting() == 1u);
  held.unlock();
  BOOST_TEST(!held);
  held.unlock();          // once
  BOOST_TEST(m.locked()); // handed over
  BOOST_TEST(!m.try_lock());
  h.get();
  BOOST_TEST(got);
  held = m.try_lock();
  BOOST_TEST(static_cast<bool>(held));
  auto other = std::move(held);
  BOOST_TEST(!held); // NOLINT: it is empty
  BOOST_TEST(m.locked());
  other = {};
  BOOST_TEST(!m.locked());
}

BOOST_AUTO_TEST_CASE(whatever_ends_a_wait_the_next_one_has_it) {
  each_ending([](ta::testing::manager& m, ending how, timing when) {
    const ta::mutex lock;
    auto held = lock.try_lock();
    int first = 0, second = 0;
    auto behind = [&]() -> ta::task<void> {
      const auto guard = co_await lock.lock();
      ++second;
    };
    auto body = [&]() -> ta::task<void> {
      (void)m.tasks().add_task({}, std::ref(behind));
      const auto guard = co_await lock.lock();
      ++first;
    };
    auto serve = [&] { held.unlock(); };
    end_while_waiting(m, how, when, body, serve);
    BOOST_TEST(second == 1);
    BOOST_TEST(!lock.locked());
    BOOST_TEST(lock.waiting() == 0u);
    if (when == timing::value_first)
      BOOST_TEST(first == 1);
    if (when == timing::ending_first)
      BOOST_TEST(first == 0);
    if (when == timing::value_then_ending && how == ending::cancelled)
      BOOST_TEST(first == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_body_that_ends_in_time_or_not_leaves_it_unlocked) {
  virtual_time world;
  const ta::mutex m;
  auto holds = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    co_await ta::sleep_for(1h);
  };
  auto fails = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    throw std::runtime_error{"boom"};
  };
  auto late = world.tasks.add_task({.timeout = 1s}, holds).value();
  auto scoped = [&]() -> ta::task<void> {
    co_await ta::move_on_after(2s, std::ref(holds)); // 1 s of it waits
    BOOST_TEST(!m.locked());
    auto held = co_await m.lock();
    co_await ta::move_on_after(1s, std::ref(holds)); // all of it waits
    BOOST_TEST(m.waiting() == 0u);
  };
  world.tasks.add_task({}, scoped).value().get();
  BOOST_CHECK(late.state() == ta::state::timed_out);
  BOOST_CHECK_THROW(world.tasks.add_task({}, fails).value().get(), std::runtime_error);
  BOOST_TEST(!m.locked());
}

BOOST_AUTO_TEST_CASE(a_wait_says_who_has_it) {
  virtual_time world;
  const ta::mutex m;
  auto held = m.try_lock();
  auto waits = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    co_await ta::sleep_for(1h);
  };
  auto first = world.tasks.add_task({.id = "first"}, waits).value();
  world.settle();
  BOOST_TEST(waits_for(world, "first") == "a mutex, held by a thread");
  auto second = world.tasks.add_task({.id = "second"}, waits).value();
  held.unlock();
  world.settle();
  BOOST_TEST(waits_for(world, "second") == "a mutex, held by \"first\"");
  first.cancel();
  world.settle();
  auto again = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    const auto twice = co_await m.lock();
  };
  (void)world.tasks.add_task({.id = "again"}, again);
  second.cancel();
  world.settle();
  BOOST_TEST(waits_for(world, "again") == "a mutex, held by itself");
  auto tries = [&]() -> ta::task<void> {
    const ta::mutex own;
    const auto guard = own.try_lock();
    auto other = [&]() -> ta::task<void> { const auto theirs = co_await own.lock(); };
    auto child = [&]() -> ta::task<void> {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        group.start(other);
        co_return;
      });
    };
    co_await child();
  };
  (void)world.tasks.add_task({.id = "tries"}, tries);
  world.settle();
  BOOST_TEST(waits_for(world, "tries/1") == "a mutex, held by \"tries\"");
}

BOOST_AUTO_TEST_CASE(with_one_token_it_is_lent_by_those_who_wait) {
  virtual_time world{{.capacity = 1}};
  const ta::mutex m;
  auto held = m.try_lock();
  int got = 0;
  auto waits = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    ++got;
  };
  auto frees = [&]() -> ta::task<void> {
    held.unlock();
    co_return;
  };
  for (int i = 0; i < 3; ++i)
    (void)world.tasks.add_task({}, waits);
  world.tasks.add_task({}, frees).value().get();
  world.settle();
  BOOST_TEST(got == 3);
}

BOOST_AUTO_TEST_CASE(a_killed_frame_that_waits_for_its_children_keeps_it) {
  virtual_time world;
  const ta::mutex m;
  gate thread;
  auto child = [&]() -> ta::task<void> { co_await ta::run_in_thread([&] { thread.pass(); }); };
  auto holds = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      group.start(child);
      co_await ta::sleep_for(1h);
    });
  };
  bool got = false;
  auto waits = [&]() -> ta::task<void> {
    const auto guard = co_await m.lock();
    got = true;
  };
  auto holder = world.tasks.add_task({.id = "holder"}, holds).value();
  world.settle();
  thread.wait_held(1);
  auto waiter = world.tasks.add_task({.id = "waiter"}, waits).value();
  world.settle();
  BOOST_TEST(waits_for(world, "waiter") == "a mutex, held by \"holder\"");
  world.kill_task("holder");
  world.settle();
  BOOST_TEST(!got);
  BOOST_TEST(m.locked());
  BOOST_TEST(waits_for(world, "waiter") == "a mutex, held by \"holder\", which has been killed");
  thread.open();
  waiter.get();
  holder.wait();
  BOOST_TEST(got);
}

BOOST_AUTO_TEST_CASE(a_guard_can_be_handed_on_and_outlives_the_copies) {
  virtual_time world;
  std::optional<ta::mutex> m{std::in_place};
  std::optional<ta::mutex_guard> kept;
  auto takes = [&]() -> ta::task<void> { kept = co_await m->lock(); };
  world.tasks.add_task({.id = "takes"}, takes).value().get();
  BOOST_TEST(m->locked());
  int got = 0;
  auto waits = [&]() -> ta::task<void> {
    const auto guard = co_await m->lock();
    ++got;
  };
  (void)world.tasks.add_task({.id = "a"}, waits);
  (void)world.tasks.add_task({.id = "b"}, waits);
  world.settle();
  BOOST_TEST(waits_for(world, "a") == "a mutex, held by \"takes\"");
  m.reset(); // those who wait, and who has it, keep it
  world.settle();
  BOOST_TEST(got == 0);
  kept.reset();
  world.settle();
  BOOST_TEST(got == 2);
}

BOOST_AUTO_TEST_CASE(no_guard_is_lost_or_there_twice_in_any_order) {
  ta::testing::explore({.seeds = 80}, [](ta::testing::manager& m) {
    const ta::mutex lock;
    int inside = 0, most = 0;
    auto body = [&](int rounds) -> ta::task<void> {
      struct visit {
        int& count;
        explicit visit(int& of) : count(of) { ++count; }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        ~visit() { --count; }
      };
      for (int i = 0; i < rounds; ++i) {
        auto guard = co_await lock.lock();
        const visit here{inside};
        most = std::max(most, inside);
        if (m.draw(2) == 0)
          co_await ta::sleep_for(std::chrono::milliseconds{m.draw(3)});
      }
    };
    std::vector<ta::handle<void>> all;
    for (int i = 0; i < 10; ++i)
      all.push_back(
          m.tasks().add_task({.id = std::to_string(i)}, body, 1 + static_cast<int>(m.draw(4))).value());
    for (int i = 0; i < 10; ++i) {
      const auto victim = m.draw(10);
      switch (m.draw(4)) {
      case 0:
        all[victim].cancel();
        break;
      case 1:
        m.kill_task(std::to_string(victim));
        break;
      case 2:
        m.advance(std::chrono::milliseconds{m.draw(2)});
        break;
      default:
        m.settle();
      }
    }
    m.run_until_idle();
    for (auto& each : all)
      BOOST_TEST(ta::is_final(each.state()));
    BOOST_TEST(most <= 1);
    BOOST_TEST(inside == 0);
    BOOST_TEST(!lock.locked());
  });
}

BOOST_AUTO_TEST_CASE(threads_and_tasks_count_under_it) {
  ta::task_manager tasks;
  const ta::mutex m;
  long count = 0; // plain
  constexpr int rounds = 500;
  auto body = [&]() -> ta::task<void> {
    for (int i = 0; i < rounds; ++i) {
      const auto guard = co_await m.lock();
      ++count;
    }
  };
  std::vector<ta::handle<void>> all;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < rounds; ++k) {
          const auto guard = m.blocking_lock();
          ++count;
        }
      });
      all.push_back(tasks.add_task({}, body).value());
    }
  }
  for (auto& each : all)
    each.get();
  BOOST_TEST(count == 6 * rounds);
}

BOOST_AUTO_TEST_CASE(a_thread_of_a_task_ends_with_it_and_a_coroutine_doesnt_block) {
  ta::task_manager tasks;
  const ta::mutex m;
  auto held = m.try_lock();
  auto body = [&]() -> ta::task<void> {
    co_await ta::run_in_thread([&] { const auto guard = m.blocking_lock(); });
  };
  auto h = tasks.add_task({}, body).value();
  while (m.waiting() == 0)
    std::this_thread::yield();
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(m.waiting() == 0u);
  auto served = tasks.add_task({}, body).value();
  while (m.waiting() == 0)
    std::this_thread::yield();
  held.unlock();
  served.get();
  BOOST_TEST(!m.locked());
  auto blocks = [&]() -> ta::task<void> {
    const auto guard = m.blocking_lock();
    co_return;
  };
  BOOST_CHECK_EXCEPTION(tasks.add_task({}, blocks).value().get(), std::system_error,
                        with(ta::errc::would_block));
  BOOST_TEST(!m.locked());
  ta::mutex gone;
  const auto kept = std::move(gone);
  BOOST_CHECK_EXCEPTION(gone.try_lock(), std::system_error, with(ta::errc::invalid_argument)); // NOLINT
}

BOOST_AUTO_TEST_SUITE_END()
