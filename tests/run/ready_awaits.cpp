// Awaits of what is there already, in a loop, on a scheduler of one thread: others have their turn.
#include "bodies.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
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

struct loop {
  const char* name;
  /// Each is a body that awaits for ever, until `done`.
  std::function<ta::task<void>(std::atomic<bool>& done, ta::handle<int> ended)> body;
};

/// Loops much longer than a turn may be, but not for ever.
constexpr int long_enough = 3'000'000;

} // namespace ready_awaits

BOOST_AUTO_TEST_SUITE(ready_awaits)

BOOST_AUTO_TEST_CASE(a_loop_over_what_is_ready_gives_way_to_others) {
  using flag = std::atomic<bool>&;
  using handle = ta::handle<int>;
  const std::vector<loop> loops = {
      {"a finished task",
       [](flag done, handle ended) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           (void)co_await ended;
       }},
      {"an empty task",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           co_await empty();
       }},
      {"a value",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           i += co_await one() - 1;
       }},
      {"a sleep of zero",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           co_await ta::sleep_for(0s);
       }},
      {"a generator",
       [](flag done, handle) -> ta::task<void> {
         auto all = numbers();
         for (int i = 0; i < long_enough && !done; ++i)
           (void)co_await all.next();
       }},
      {"a generator that has ended",
       [](flag done, handle) -> ta::task<void> {
         auto none = nothing();
         for (int i = 0; i < long_enough && !done; ++i)
           (void)co_await none.next();
       }},
      {"a scope",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           co_await ta::fail_after(1h, empty());
       }},
      {"a shield",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           co_await ta::shield(empty());
       }},
      {"an empty group",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           co_await ta::with_group([](ta::task_group&) { return empty(); });
       }},
      {"an empty gather",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           (void)co_await ta::gather(
               {}, [](int item) { return item; }, std::vector<int>{});
       }},
      {"free tokens",
       [](flag done, handle) -> ta::task<void> {
         for (int i = 0; i < long_enough && !done; ++i)
           const auto permit = co_await ta::acquire("free");
       }},
  };
  for (const auto& each : loops) {
    ta::task_manager tasks{{.capacity = 2, .scheduler_threads = 1}};
    tasks.add_limiter("free", {.capacity = 4});
    auto ended = tasks.add_task({}, [] { return 1; }).value();
    ended.wait();
    std::atomic<bool> done{false};
    std::atomic<bool> begun{false};
    auto looping = [&]() -> ta::task<bool> {
      begun = true;
      co_await each.body(done, ended);
      co_return done.load();
    };
    auto loops_on = tasks.add_task({}, looping).value();
    while (!begun)
      std::this_thread::yield();
    auto other = tasks.add_task({}, [&done] { done = true; }).value();
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
