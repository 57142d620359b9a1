// Handles that outlive their manager, and several of one task on threads of their own (for tsan as well).
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/detail/body.hpp>

#include <boost/test/unit_test.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace handle_lives {

using namespace test;

[[noreturn]] void fail() { throw std::domain_error{"lost"}; }

/// Runs `body(i)` on so many threads at once.
template <class F>
void on_threads(int count, F body) {
  std::latch ready{count};
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      ready.arrive_and_wait();
      body(i);
    });
}

struct idle_listener : ta::detail::end_listener {
  idle_listener()
      : end_listener([](end_listener& self) noexcept { static_cast<idle_listener&>(self).told = true; }) {}
  bool told = false;
};

/// Processor time of this thread: others may have kept it waiting.
std::chrono::nanoseconds own_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

auto quiet() {
  return std::make_shared<spdlog::logger>("quiet", std::make_shared<spdlog::sinks::null_sink_mt>());
}

} // namespace handle_lives

BOOST_AUTO_TEST_SUITE(handle_lives)

BOOST_AUTO_TEST_CASE(a_handle_may_outlive_its_manager) {
  for (const bool virtually : {true, false}) {
    std::optional<ta::handle<int>> good, bad;
    std::optional<ta::handle<void>> cancelled, unseen;
    const auto use = [&](ta::task_manager& tasks) {
      good = tasks.add_task({.id = "good"}, [] { return 7; }).value();
      bad = tasks
                .add_task({.id = "bad"},
                          []() -> int {
                            fail();
                            return 0;
                          })
                .value();
      cancelled = tasks.add_task({}, []() -> ta::task<void> { co_await ta::sleep_for(1h); }).value();
      unseen = tasks.add_task({}, fail).value();
      unseen->wait();
      cancelled->cancel();
    };
    if (virtually) {
      virtual_time world;
      use(world.tasks);
    } else {
      ta::task_manager tasks;
      use(tasks);
    }
    BOOST_TEST(good->get() == 7);
    BOOST_TEST(good->wait_for(0s));
    BOOST_CHECK(good->cancel() == ta::cancel_reply::finished);
    BOOST_TEST(good->info().id == "good");
    BOOST_CHECK_THROW(bad->get(), std::domain_error);
    BOOST_TEST(bad->info().error == "failed: std::domain_error: lost");
    BOOST_CHECK(cancelled->wait_outcome().state() == ta::state::cancelled);
    BOOST_TEST(std::move(*good).get() == 7);
    unseen.reset();         // a failure that was only waited for
    ta::task_manager other; // perhaps at the same place
    BOOST_TEST(other.add_task({}, [] { return 1; }).value().get() == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_task_awaits_the_handle_of_a_manager_that_goes) {
  ta::task_manager tasks;
  ta::handle<int> waits;
  {
    ta::task_manager other;
    auto h = other
                 .add_task({},
                           []() -> ta::task<int> {
                             co_await ta::sleep_for(10ms);
                             co_return 7;
                           })
                 .value();
    waits = tasks
                .add_task({},
                          [h]() -> ta::task<int> {
                            const int got = co_await h;
                            co_return got;
                          })
                .value();
    h.wait();
  }
  BOOST_TEST(waits.get() == 7);
}

BOOST_AUTO_TEST_CASE(a_handle_may_outlive_a_manager_that_was_left_behind) {
  auto gate = std::make_shared<std::atomic<bool>>(false);
  std::optional<ta::handle<void>> stuck, unseen;
  {
    ta::task_manager tasks{{.cancel_grace = 1ms}};
    auto started = std::make_shared<std::atomic<bool>>(false);
    stuck = tasks
                .run_in_thread({.id = "stuck"},
                               [gate, started] {
                                 started->store(true);
                                 started->notify_all();
                                 gate->wait(false);
                               })
                .value();
    unseen = tasks.add_task({}, fail).value();
    unseen->wait();
    started->wait(false);
    tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 1ms});
  }
  stuck->wait();
  BOOST_CHECK(stuck->cancel() == ta::cancel_reply::finished);
  BOOST_CHECK(stuck->wait_outcome().state() == ta::state::cancelled);
  BOOST_CHECK_THROW(stuck->get(), ta::task_error);
  stuck.reset();
  unseen.reset();
  gate->store(true);
  gate->notify_all();
}

BOOST_AUTO_TEST_CASE(threads_that_wait_for_a_task_leave_its_manager_before_it_goes) {
  for (int round = 0; round < 50; ++round) {
    auto tasks = std::make_unique<ta::task_manager>();
    auto h = tasks
                 ->add_task({},
                            []() -> ta::task<std::string> {
                              co_await ta::yield();
                              co_return std::string(100, 'x');
                            })
                 .value();
    std::atomic<int> right{0};
    const auto wait = [&] { right += h.wait_outcome().state() == h.state() ? 1 : 0; };
    {
      std::jthread first{wait}, second{wait};
      std::jthread third{[copy = h] { copy.cancel(); }};
      tasks.reset();
    }
    BOOST_TEST(right == 2);
  }
}

BOOST_AUTO_TEST_CASE(copies_in_several_threads_all_get_the_value) {
  ta::task_manager tasks;
  constexpr int count = 4;
  for (int round = 0; round < 500; ++round) {
    auto h = tasks.add_task({}, [] { return std::string(100, 'x'); }).value();
    std::atomic<int> right{0};
    std::vector<ta::handle<std::string>> copies(count, h);
    h = {};
    on_threads(count, [&](int i) {
      auto mine = std::move(copies[static_cast<std::size_t>(i)]);
      if (i % 2 == 0 && mine.get() != std::string(100, 'x'))
        return;
      right += std::move(mine).get() == std::string(100, 'x') ? 1 : 0;
    });
    BOOST_TEST(right == count);
  }
}

BOOST_AUTO_TEST_CASE(copies_in_several_tasks_all_get_the_value) {
  ta::task_manager tasks;
  auto made = []() -> ta::task<std::string> {
    co_await ta::yield();
    co_return std::string(100, 'x');
  };
  auto look = [](ta::handle<std::string> mine) -> ta::task<std::size_t> {
    const std::string& seen = co_await mine;
    const auto& end = co_await mine.outcome();
    co_return end->size() + seen.size();
  };
  auto take = [](ta::handle<std::string> mine) -> ta::task<std::size_t> {
    const std::string got = co_await std::move(mine);
    co_return 2 * got.size();
  };
  for (int round = 0; round < 300; ++round) {
    auto h = tasks.add_task({}, made).value();
    std::vector<ta::handle<std::size_t>> all;
    for (int i = 0; i < 8; ++i)
      all.push_back((i % 2 == 0 ? tasks.add_task({}, look, h) : tasks.add_task({}, take, h)).value());
    h = {};
    for (const auto& each : all)
      BOOST_TEST(each.get() == 200u);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_copied_is_had_by_one_thread_or_seen_by_some) {
  ta::task_manager tasks;
  constexpr int count = 4;
  int were_taken = 0, were_seen = 0;
  for (int round = 0; round < 500; ++round) {
    auto h = tasks.add_task({}, [] { return std::make_unique<int>(7); }).value();
    std::atomic<int> taken{0}, seen{0}, refused{0};
    std::vector<ta::handle<std::unique_ptr<int>>> copies(count, h);
    h = {};
    on_threads(count, [&](int i) {
      auto mine = std::move(copies[static_cast<std::size_t>(i)]);
      try {
        if (i == round % 8) {
          seen += *mine.get() == 7 ? 1 : 0;
        } else {
          taken += *std::move(mine).get() == 7 ? 1 : 0;
        }
      } catch (const std::system_error& e) {
        refused += e.code() == ta::errc::result_taken ? 1 : 0;
      }
    });
    BOOST_TEST(taken + seen + refused == count);
    BOOST_TEST(taken <= 1);
    were_taken += taken;
    were_seen += seen;
  }
  BOOST_TEST(were_taken > 0);
  BOOST_TEST(were_seen > 0);
}

BOOST_AUTO_TEST_CASE(joins_while_the_last_handle_goes_get_the_value_of_some_run) {
  ta::task_manager tasks;
  const ta::task_options join{.id = "one", .admission = {.on_duplicate = ta::on_duplicate::join}};
  auto body = []() -> ta::task<std::string> {
    co_await ta::yield();
    co_return std::string(100, 'x');
  };
  std::atomic<int> right{0};
  constexpr int rounds = 2000;
  on_threads(4, [&](int i) {
    for (int round = 0; round < rounds; ++round) {
      auto h = tasks.add_task(join, body).value();
      if (i == 0)
        continue; // only drops it
      right += std::move(h).get().size() == 100 ? 1 : 0;
    }
  });
  BOOST_TEST(right == 3 * rounds);
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_of_once_whenever_its_handle_goes) {
  std::atomic<int> told{0};
  constexpr int rounds = 2000;
  ta::subscription watch; // the manager's end waits for what it has been told
  {
    ta::task_manager tasks{{.logger = quiet()}};
    watch = tasks.observe([&](const ta::task_event&) { ++told; },
                          {.queue = rounds, .kinds = {ta::event_kind::unobserved_failure}});
    for (int round = 0; round < rounds; ++round) {
      auto h = tasks.add_task({}, fail).value();
      for (int i = 0; i < round % 400 && !h.finished(); ++i)
        std::atomic_signal_fence(std::memory_order_seq_cst);
      h = {}; // about when the end is published
    }
    tasks.shutdown();
    const auto patience = std::chrono::steady_clock::now() + 60s; // its end would wait for 2 s
    while (told < rounds && std::chrono::steady_clock::now() < patience)
      std::this_thread::yield();
  }
  BOOST_TEST(told == rounds);
}

BOOST_AUTO_TEST_CASE(who_waits_leaves_in_one_step_wherever_it_stands_among_the_others) {
  constexpr std::size_t count = 200'000;
  const auto task = ta::detail::make_body([] {});
  std::vector<idle_listener> all(count);
  for (auto& each : all)
    BOOST_REQUIRE(task->add(each));
  const auto begun = own_time();
  for (std::size_t i = 0; i < count; i += 2)
    task->remove(all[i]);
  for (std::size_t i = 1; i + 2 < count; i += 2)
    task->remove(all[i]);
  BOOST_CHECK(own_time() - begun < 5s); // by looking through the list: minutes
  task->remove(all[0]);                 // a second time
  task->tell_listeners();
  BOOST_TEST(all.back().told);
  BOOST_TEST(std::count_if(all.begin(), all.end(), [](const auto& each) { return each.told; }) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
