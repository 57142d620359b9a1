// semaphore: so many permits, in the order of coming, none lost and none there twice.
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

BOOST_AUTO_TEST_SUITE(semaphores)

BOOST_AUTO_TEST_CASE(permits_are_taken_and_come_back) {
  const ta::semaphore slots{3};
  const auto copy = slots;
  BOOST_CHECK(copy == slots);
  BOOST_TEST(slots.value() == 3u);
  {
    auto one = slots.try_acquire();
    auto two = copy.try_acquire(2);
    BOOST_TEST(one.amount() == 1u);
    BOOST_TEST(two.amount() == 2u);
    BOOST_TEST(slots.value() == 0u);
    const auto none = slots.try_acquire();
    BOOST_TEST(!none);
    BOOST_TEST(none.amount() == 0u);
    BOOST_TEST(static_cast<bool>(slots.try_acquire(0))); // of those there are enough
    auto moved = std::move(two);
    BOOST_TEST(!two);       // NOLINT: it is empty
    one = std::move(moved); // its own comes back
    BOOST_TEST(slots.value() == 1u);
    one.release();
    one.release(); // once
    BOOST_TEST(slots.value() == 3u);
    one = slots.try_acquire(2);
  }
  BOOST_TEST(slots.value() == 3u);
  BOOST_TEST(slots.blocking_acquire(3).amount() == 3u);
  BOOST_TEST(slots.value() == 3u);
}

BOOST_AUTO_TEST_CASE(permits_are_added_taken_away_and_forgotten) {
  virtual_time world;
  const ta::semaphore none{0};
  int got = 0;
  auto takes = [&]() -> ta::task<void> {
    auto permit = co_await none.acquire();
    ++got;
    permit.forget(); // it stood for one piece of work
    BOOST_TEST(!permit);
  };
  for (int i = 0; i < 3; ++i)
    (void)world.tasks.add_task({.id = std::to_string(i)}, takes);
  world.settle();
  BOOST_TEST(none.waiting() == 3u);
  BOOST_TEST(world.waiting().at(0).waits_for == "1 permit of a semaphore that has 0 for 3 who wait");
  none.add_permits();
  world.settle();
  BOOST_TEST(got == 1);
  none.add_permits(5);
  world.settle();
  BOOST_TEST(got == 3);
  BOOST_TEST(none.value() == 3u);
  BOOST_TEST(none.remove_permits(2) == 2u);
  BOOST_TEST(none.remove_permits(2) == 1u);
  BOOST_TEST(none.remove_permits(2) == 0u);
  BOOST_TEST(none.value() == 0u);

  constexpr auto most = std::numeric_limits<std::size_t>::max();
  const ta::semaphore all{most};
  auto held = all.try_acquire(most);
  BOOST_TEST(all.value() == 0u);
  BOOST_CHECK_EXCEPTION(all.add_permits(), ta::error, with(ta::errc::invalid_argument)); // they come back
  held.release();
  BOOST_TEST(all.value() == most);
  all.add_permits(0);
  BOOST_TEST(all.remove_permits(1) == 1u);
  all.add_permits(1);
  BOOST_TEST(all.value() == most);
}

BOOST_AUTO_TEST_CASE(one_that_wants_much_isnt_overtaken_and_serves_those_behind_when_it_gives_up) {
  virtual_time world;
  const ta::semaphore slots{3};
  std::string order;
  auto takes = [&](std::string name, std::size_t amount) -> ta::task<void> {
    const auto permit = co_await slots.acquire(amount);
    order += name;
    BOOST_TEST(permit.amount() == amount);
  };
  for (const int how : {0, 1, 2}) {
    order.clear();
    auto held = slots.try_acquire(2);
    auto big = world.tasks.add_task({.id = "big"}, takes, "b", std::size_t{3}).value();
    world.settle();
    auto small = world.tasks.add_task({.id = "small"}, takes, "s", std::size_t{1}).value();
    world.settle();
    BOOST_TEST(order.empty());
    BOOST_TEST(slots.value() == 1u);
    BOOST_TEST(!slots.try_acquire()); // nor by this
    BOOST_TEST(slots.waiting() == 2u);
    if (how == 0)
      held.release();
    else if (how == 1)
      big.cancel();
    else
      world.kill_task("big");
    world.settle();
    BOOST_TEST(order == (how == 0 ? "bs" : "s"));
    BOOST_CHECK(big.state() == (how == 0 ? ta::state::completed : ta::state::cancelled));
    held.release();
    BOOST_TEST(slots.value() == 3u);
  }
}

BOOST_AUTO_TEST_CASE(whatever_ends_a_wait_all_permits_are_there_again) {
  for (const std::size_t amount : {std::size_t{1}, std::size_t{2}})
    each_ending([&](ta::testing::manager& m, ending how, timing when) {
      const ta::semaphore slots{2};
      auto held = slots.try_acquire(2);
      int first = 0, second = 0;
      auto behind = [&]() -> ta::task<void> {
        const auto permit = co_await slots.acquire(2);
        ++second;
      };
      auto body = [&]() -> ta::task<void> {
        (void)m.tasks().add_task({}, std::ref(behind));
        const auto permit = co_await slots.acquire(amount);
        ++first;
      };
      auto serve = [&] { held.release(); };
      end_while_waiting(m, how, when, body, serve);
      BOOST_TEST(second == 1);
      BOOST_TEST(slots.value() == 2u);
      BOOST_TEST(slots.waiting() == 0u);
      if (when == timing::value_first)
        BOOST_TEST(first == 1);
      if (when == timing::ending_first)
        BOOST_TEST(first == 0);
      if (when == timing::value_then_ending && how == ending::cancelled)
        BOOST_TEST(first == 1);
    });
}

BOOST_AUTO_TEST_CASE(who_can_never_be_served_is_told_when_the_last_copy_is_gone) {
  virtual_time world;
  std::optional<ta::semaphore> last{std::in_place, 3};
  auto held = last->try_acquire(2);
  auto forgotten = last->try_acquire();
  std::string order;
  auto takes = [&](std::string name, std::size_t amount) -> ta::task<void> {
    try {
      const auto permit = co_await last->acquire(amount);
      order += name;
    } catch (const ta::error& e) {
      BOOST_CHECK(e.code() == ta::make_error_code(ta::errc::closed));
      order += "no " + name;
    }
  };
  (void)world.tasks.add_task({}, takes, "3 ", std::size_t{3});
  world.settle();
  (void)world.tasks.add_task({}, takes, "4 ", std::size_t{4});
  world.settle();
  (void)world.tasks.add_task({}, takes, "2 ", std::size_t{2});
  world.settle();
  last.reset();
  world.settle();
  BOOST_TEST(order.empty()); // the first one may still have its three
  forgotten.forget();        // now it can't, nor can the next
  world.settle();
  BOOST_TEST(order == "no 3 no 4 ");
  held.release();
  world.settle();
  BOOST_TEST(order == "no 3 no 4 2 ");
}

BOOST_AUTO_TEST_CASE(a_body_that_is_to_end_takes_none_but_for_a_shield) {
  virtual_time world;
  const ta::semaphore slots{1};
  int refused = 0, shielded = 0;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
    }
    try {
      const auto permit = co_await slots.acquire();
    } catch (const ta::cancelled_error&) {
      ++refused;
    }
    auto inside = [&]() -> ta::task<void> {
      const auto permit = co_await slots.acquire();
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
  BOOST_TEST(slots.value() == 1u);
}

BOOST_AUTO_TEST_CASE(so_many_at_once_and_no_more_with_one_token) {
  for (const std::size_t capacity : {1u, 64u}) {
    virtual_time world{{.capacity = capacity}};
    const ta::semaphore slots{5};
    int inside = 0, most = 0;
    auto body = [&]() -> ta::task<void> {
      const auto permit = co_await slots.acquire();
      most = std::max(most, ++inside);
      co_await ta::sleep_for(1ms);
      --inside;
    };
    for (int i = 0; i < 1000; ++i)
      (void)world.tasks.add_task({}, body);
    world.run_until_idle();
    BOOST_TEST(most == static_cast<int>(std::min<std::size_t>(capacity, 5)));
    BOOST_TEST(slots.value() == 5u);
  }
}

BOOST_AUTO_TEST_CASE(no_permit_is_lost_or_there_twice_in_any_order) {
  ta::testing::explore({.seeds = 80}, [](ta::testing::manager& m) {
    const ta::semaphore slots{4};
    std::size_t inside = 0, most = 0;
    struct visit {
      std::size_t& count;
      std::size_t amount;
      visit(std::size_t& of, std::size_t more) : count(of), amount(more) { count += amount; }
      visit(const visit&) = delete;
      visit& operator=(const visit&) = delete;
      ~visit() { count -= amount; }
    };
    auto body = [&](int rounds) -> ta::task<void> {
      for (int i = 0; i < rounds; ++i) {
        const auto permit = co_await slots.acquire(1 + m.draw(4));
        const visit here{inside, permit.amount()};
        most = std::max(most, inside);
        if (m.draw(2) == 0)
          co_await ta::sleep_for(std::chrono::milliseconds{m.draw(3)});
      }
    };
    std::vector<ta::handle<void>> all;
    for (int i = 0; i < 12; ++i)
      all.push_back(
          m.tasks().add_task({.id = std::to_string(i)}, body, 1 + static_cast<int>(m.draw(4))).value());
    for (int i = 0; i < 12; ++i) {
      const auto victim = m.draw(12);
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
    BOOST_TEST(most <= 4u);
    BOOST_TEST(inside == 0u);
    BOOST_TEST(slots.value() == 4u);
    BOOST_TEST(slots.waiting() == 0u);
  });
}

BOOST_AUTO_TEST_CASE(threads_and_tasks_share_it) {
  ta::task_manager tasks;
  const ta::semaphore slots{2};
  std::atomic<int> inside{0}, most{0};
  const auto visit = [&] {
    const int now = ++inside;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    --inside;
  };
  auto body = [&]() -> ta::task<void> {
    for (int i = 0; i < 500; ++i) {
      const auto permit = co_await slots.acquire();
      visit();
    }
  };
  std::vector<ta::handle<void>> all;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 500; ++k) {
          const auto permit = slots.blocking_acquire();
          visit();
        }
      });
      all.push_back(tasks.add_task({}, body).value());
    }
  }
  for (auto& each : all)
    each.get();
  BOOST_TEST(most <= 2);
  BOOST_TEST(slots.value() == 2u);
}

BOOST_AUTO_TEST_CASE(a_thread_of_a_task_ends_with_it_and_serves_those_behind) {
  ta::task_manager tasks;
  const ta::semaphore slots{2};
  auto held = slots.try_acquire();
  auto body = [&]() -> ta::task<void> {
    co_await ta::run_in_thread([&] { const auto permit = slots.blocking_acquire(2); });
  };
  auto h = tasks.add_task({}, body).value();
  while (slots.waiting() == 0)
    std::this_thread::yield();
  auto small = [&]() -> ta::task<void> { const auto permit = co_await slots.acquire(); };
  auto behind = tasks.add_task({}, small).value();
  while (slots.waiting() == 1)
    std::this_thread::yield();
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  behind.get();
  BOOST_TEST(slots.value() == 1u);
  auto blocks = [&]() -> ta::task<void> {
    const auto permit = slots.blocking_acquire();
    co_return;
  };
  BOOST_CHECK_EXCEPTION(tasks.add_task({}, blocks).value().get(), std::system_error,
                        with(ta::errc::would_block));
  ta::semaphore gone{1};
  const auto kept = std::move(gone);
  BOOST_CHECK_EXCEPTION(gone.try_acquire(), std::system_error, with(ta::errc::invalid_argument)); // NOLINT
}

BOOST_AUTO_TEST_SUITE_END()
