// event: who is woken by a `set`, and what becomes of waits that end, of copies and of threads.
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

using namespace test;

namespace events {

/// Starts so many that wait and count.
void wait_with(ta::task_manager& tasks, int count, std::function<ta::task<void>()>& body) {
  for (int i = 0; i < count; ++i)
    (void)tasks.add_task({}, std::ref(body)).value();
}

} // namespace events

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(set_wakes_all_who_wait_and_stays) {
  virtual_time world{{.capacity = 1}}; // the token is lent, or nobody could set it
  const ta::event ready;
  int woken = 0;
  std::function<ta::task<void>()> waits = [&]() -> ta::task<void> {
    co_await ready.wait();
    ++woken;
  };
  wait_with(world.tasks, 100, waits);
  world.settle();
  BOOST_TEST(woken == 0);
  BOOST_TEST(ready.waiting() == 100u);
  BOOST_TEST(!ready.is_set());
  BOOST_TEST(world.waiting().at(0).waits_for == "an event to be set");
  auto sets = [&]() -> ta::task<void> {
    ready.set();
    co_await ready.wait(); // at once
    BOOST_TEST(ready.is_set());
  };
  world.tasks.add_task({}, sets).value().get();
  world.settle();
  BOOST_TEST(woken == 100);
  BOOST_TEST(ready.waiting() == 0u);
  wait_with(world.tasks, 1, waits);
  ready.set(); // again: nothing new
  world.settle();
  BOOST_TEST(woken == 101);
}

BOOST_AUTO_TEST_CASE(a_set_counts_for_those_who_wait_then_also_if_it_is_cleared_at_once) {
  virtual_time world;
  const ta::event ready;
  const auto copy = ready;
  BOOST_CHECK(copy == ready);
  BOOST_CHECK(!(copy == ta::event{}));
  int woken = 0;
  std::function<ta::task<void>()> waits = [&]() -> ta::task<void> {
    co_await ready.wait();
    ++woken;
  };
  wait_with(world.tasks, 3, waits);
  world.settle();
  copy.set();
  copy.clear();
  wait_with(world.tasks, 2, waits);
  world.settle();
  BOOST_TEST(woken == 3);
  BOOST_TEST(ready.waiting() == 2u);
  ready.clear(); // already
  ready.set();
  world.settle();
  BOOST_TEST(woken == 5);
}

BOOST_AUTO_TEST_CASE(whatever_ends_a_wait_it_is_served_or_cancelled) {
  each_ending([](ta::testing::manager& m, ending how, timing when) {
    const ta::event ready;
    int woken = 0, cancelled = 0;
    auto body = [&]() -> ta::task<void> {
      try {
        co_await ready.wait();
        ++woken;
      } catch (const ta::cancelled_error&) {
        ++cancelled;
        throw;
      }
    };
    auto serve = [&] { ready.set(); };
    end_while_waiting(m, how, when, body, serve);
    BOOST_TEST(ready.waiting() == 0u);
    if (how != ending::killed)
      BOOST_TEST(woken + cancelled == 1);
    BOOST_TEST(woken <= 1);
    if (when == timing::value_first)
      BOOST_TEST(woken == 1);
    if (when == timing::ending_first)
      BOOST_TEST(woken == 0);
    if (when == timing::value_then_ending && how == ending::cancelled)
      BOOST_TEST(woken == 1); // it was served first, and nothing takes that away
  });
}

BOOST_AUTO_TEST_CASE(a_body_that_is_to_end_doesnt_begin_to_wait_but_for_a_shield) {
  virtual_time world;
  const ta::event ready;
  int refused = 0, shielded = 0;
  auto body = [&]() -> ta::task<void> {
    ready.set();
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
    }
    try {
      co_await ready.wait(); // level-triggered, though it is set
    } catch (const ta::cancelled_error&) {
      ++refused;
    }
    auto inside = [&]() -> ta::task<void> {
      co_await ready.wait();
      ++shielded;
    };
    co_await ta::shield(inside);
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(refused == 1);
  BOOST_TEST(shielded == 1);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_last_copy_is_told_to_those_who_wait) {
  virtual_time world;
  std::optional<ta::event> last{std::in_place};
  int closed = 0;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await last->wait();
    } catch (const ta::error& e) {
      closed += e.code() == ta::make_error_code(ta::errc::closed);
    }
  };
  auto first = world.tasks.add_task({}, body).value();
  auto second = world.tasks.add_task({}, body).value();
  world.settle();
  {
    const auto copy = *last;
    last.reset();
    world.settle();
    BOOST_TEST(closed == 0);
  }
  world.settle();
  BOOST_TEST(closed == 2);
  first.get();
  second.get();
}

BOOST_AUTO_TEST_CASE(no_set_is_lost_in_any_order) {
  ta::testing::explore({.seeds = 60}, [](ta::testing::manager& m) {
    const ta::event ready;
    int served = 0, ended = 0;
    constexpr int all = 12;
    auto waits = [&]() -> ta::task<void> {
      try {
        co_await ready.wait();
        ++served;
      } catch (const ta::cancelled_error&) {
        ++ended;
      }
    };
    auto plays = [&]() -> ta::task<void> {
      for (int i = 0; i < 8; ++i) {
        if (m.draw(2) == 0)
          ready.set();
        else
          ready.clear();
        co_await ta::sleep_for(std::chrono::milliseconds{m.draw(3)});
      }
    };
    std::vector<ta::handle<void>> waiters;
    for (int i = 0; i < all; ++i) {
      waiters.push_back(m.tasks().add_task({}, waits).value());
      if (i % 4 == 0)
        (void)m.tasks().add_task({}, plays);
      if (m.draw(3) == 0)
        m.advance(1ms);
      if (m.draw(4) == 0)
        waiters[m.draw(waiters.size())].cancel();
    }
    m.advance(1s);
    ready.set();
    m.settle();
    BOOST_TEST(ready.waiting() == 0u);
    int never_began = 0;
    for (auto& each : waiters) {
      BOOST_TEST(ta::is_final(each.state()));
      never_began += each.state() == ta::state::cancelled;
    }
    BOOST_TEST(served + ended <= all);
    BOOST_TEST(served + ended + never_began >= all);
  });
}

BOOST_AUTO_TEST_CASE(threads_wait_and_set) {
  ta::task_manager tasks;
  const ta::event go, come;
  std::atomic<int> woken{0};
  auto body = [&]() -> ta::task<void> {
    co_await go.wait();
    if (++woken == 8)
      come.set();
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      go.blocking_wait();
      if (++woken == 8)
        come.set();
    });
    (void)tasks.add_task({}, body);
  }
  while (go.waiting() < 8)
    std::this_thread::yield();
  go.set();
  come.blocking_wait();
  BOOST_TEST(woken == 8);
  go.blocking_wait(); // at once
}

BOOST_AUTO_TEST_CASE(a_thread_of_a_task_ends_with_it_and_a_coroutine_doesnt_block) {
  ta::task_manager tasks;
  const ta::event never;
  auto body = [&]() -> ta::task<void> { co_await ta::run_in_thread([&] { never.blocking_wait(); }); };
  auto h = tasks.add_task({}, body).value();
  while (never.waiting() == 0)
    std::this_thread::yield();
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(never.waiting() == 0u);

  auto blocks = [&]() -> ta::task<void> {
    never.blocking_wait();
    co_return;
  };
  BOOST_CHECK_EXCEPTION(tasks.add_task({}, blocks).value().get(), std::system_error,
                        with(ta::errc::would_block));
  ta::event gone;
  const auto kept = std::move(gone);
  BOOST_CHECK_EXCEPTION(gone.set(), std::system_error, with(ta::errc::invalid_argument)); // NOLINT
  BOOST_TEST(!kept.is_set());
}

BOOST_AUTO_TEST_SUITE_END()
