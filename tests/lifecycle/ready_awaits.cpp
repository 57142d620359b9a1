// Awaits of what is there already, in a loop, on a scheduler of one thread: others have their turn.
#include "bodies.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

using namespace test;

namespace ready_awaits {

ta::task<void> empty() { co_return; }
ta::task<int> one() { co_return 1; }

ta::async_generator<int> numbers() {
  for (int i = 0;; ++i)
    co_yield i;
}
ta::async_generator<int> nothing() { co_return; }

/// How far a loop and who waits for a turn beside it have come.
struct course {
  std::atomic<bool> begun{false}, other_waits{false}, done{false};
  std::chrono::steady_clock::time_point give_up{}; // before somebody waits
  /// For much longer than a turn may be, but not for ever, from when there is somebody who wants one. Who
  /// waits may have taken the manager's turn over, and isn't scheduled just then.
  bool goes_on(int& round) const {
    constexpr int long_enough = 3'000'000;
    if (done)
      return false;
    round += other_waits && round < long_enough ? 1 : 0;
    return round < long_enough || std::chrono::steady_clock::now() < give_up;
  }
};

struct loop {
  const char* name;
  /// Each is a body that awaits for ever, until it is `done`.
  std::function<ta::task<void>(course& now, ta::handle<int> ended)> body;
};

} // namespace ready_awaits

BOOST_AUTO_TEST_SUITE(ready_awaits)

BOOST_AUTO_TEST_CASE(a_loop_over_what_is_ready_gives_way_to_others) {
  using handle = ta::handle<int>;
  const std::vector<loop> loops = {
      {"a finished task",
       [](course& now, handle ended) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           (void)co_await ended;
       }},
      {"an empty task",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           co_await empty();
       }},
      {"a value",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           i += co_await one() - 1;
       }},
      {"a sleep of zero",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           co_await ta::sleep_for(0s);
       }},
      {"a generator",
       [](course& now, handle) -> ta::task<void> {
         auto all = numbers();
         for (int i = 0; now.goes_on(i);)
           (void)co_await all.next();
       }},
      {"a generator that has ended",
       [](course& now, handle) -> ta::task<void> {
         auto none = nothing();
         for (int i = 0; now.goes_on(i);)
           (void)co_await none.next();
       }},
      {"a scope",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           co_await ta::fail_after(1h, empty());
       }},
      {"a shield",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           co_await ta::shield(empty());
       }},
      {"an empty group",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           co_await ta::with_group([](ta::task_group&) { return empty(); });
       }},
      {"an empty gather",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           (void)co_await ta::gather(
               {}, [](int item) { return item; }, std::vector<int>{});
       }},
      {"free tokens",
       [](course& now, handle) -> ta::task<void> {
         for (int i = 0; now.goes_on(i);)
           const auto permit = co_await ta::acquire("free");
       }},
  };
  for (const auto& each : loops) {
    ta::task_manager tasks{{.capacity = 2, .scheduler_threads = 1}};
    tasks.add_limiter("free", {.capacity = 4});
    auto ended = tasks.add_task({}, [] { return 1; }).value();
    ended.wait();
    course now;
    auto looping = [&]() -> ta::task<bool> {
      now.begun = true;
      co_await each.body(now, ended);
      co_return now.done.load();
    };
    auto loops_on = tasks.add_task({}, looping).value();
    while (!now.begun)
      std::this_thread::yield();
    auto other = tasks.add_task({}, [&now] { now.done = true; }).value();
    now.give_up = std::chrono::steady_clock::now() + 20s;
    now.other_waits = true;
    other.wait();
    BOOST_TEST(loops_on.get(), each.name);
  }
}

BOOST_AUTO_TEST_CASE(a_loop_over_what_is_ready_can_be_killed) {
  ta::task_manager tasks{{.cancel_grace = 0s, .scheduler_threads = 1}};
  auto endless = []() -> ta::task<void> {
    for (;;)
      co_await empty();
  };
  auto h = tasks.add_task({.timeout = 20ms}, endless).value();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(tasks.shutdown().clean());
}

BOOST_AUTO_TEST_SUITE_END()
