// `this_task::stop_token`: what takes one is told when the task is asked to end, wherever its body is just
// then.
#include "support/gate.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace stop_tokens {

/// Polls, as a library does that knows nothing of tasks. Its bound is for a test that has failed.
bool stops(const std::stop_token& stop) {
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < give_up)
    std::this_thread::yield();
  return stop.stop_requested();
}
bool stops(const std::stop_token& stop, std::atomic<bool>& begun) {
  begun = true;
  return stops(stop);
}

void wait_for(const std::atomic<bool>& what) {
  while (!what)
    std::this_thread::yield();
}

} // namespace stop_tokens

BOOST_AUTO_TEST_SUITE(stop_tokens)

BOOST_AUTO_TEST_CASE(a_body_that_computes_is_told_without_an_await) {
  ta::task_manager tasks;
  std::atomic<bool> begun{false}, told{false};
  auto computes = [&]() -> ta::task<void> {
    told = stops(ta::this_task::stop_token(), begun);
    co_return;
  };
  auto h = tasks.add_task({.id = "a"}, computes).value();
  wait_for(begun);
  BOOST_CHECK(tasks.cancel_task("a") == ta::cancel_reply::requested);
  h.wait();
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(a_call_on_a_thread_is_told_with_or_without_a_parameter_for_it) {
  ta::task_manager tasks;
  std::atomic<bool> begun{false}, told{false}, same{false};
  auto h = tasks
               .add_task({.id = "a", .where = ta::run_where::thread},
                         [&] { told = stops(ta::this_task::stop_token(), begun); })
               .value();
  wait_for(begun);
  tasks.cancel_task("a");
  h.wait();
  BOOST_TEST(told);
  begun = told = false;
  auto given = [&](const std::stop_token& mine) {
    same = mine == ta::this_task::stop_token();
    told = stops(mine, begun);
  };
  auto calls = [&]() -> ta::task<void> { co_await ta::run_in_thread(given); };
  h = tasks.add_task({.id = "b"}, calls).value();
  wait_for(begun);
  tasks.cancel_task("b");
  h.wait();
  BOOST_TEST(told);
  BOOST_TEST(same);
}

BOOST_AUTO_TEST_CASE(a_parked_body_has_told_whoever_has_its_token) {
  virtual_time world;
  std::stop_token kept;
  auto parks = [&]() -> ta::task<void> {
    kept = ta::this_task::stop_token();
    co_await ta::sleep_for(1h);
  };
  (void)world.tasks.add_task({.id = "a", .timeout = 10s}, parks).value();
  world.advance(9s);
  BOOST_TEST(kept.stop_possible());
  BOOST_TEST(!kept.stop_requested());
  world.advance(2s);       // its time is up
  BOOST_TEST(stops(kept)); // by a thread of the disposal's
}

BOOST_AUTO_TEST_CASE(one_that_is_asked_for_after_the_request_is_stopped_already) {
  virtual_time world;
  bool stopped = false;
  auto late = [&]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      stopped = ta::this_task::stop_token().stop_requested();
      throw;
    }
  };
  (void)world.tasks.add_task({.id = "a"}, late).value();
  world.settle();
  world.tasks.cancel_task("a");
  world.settle();
  BOOST_TEST(stopped);
}

BOOST_AUTO_TEST_CASE(each_attempt_and_each_item_has_its_own) {
  virtual_time world;
  std::vector<std::stop_token> attempts, items(3);
  auto slow_at_first = [&]() -> ta::task<void> {
    attempts.push_back(ta::this_task::stop_token());
    co_await ta::sleep_for(ta::this_task::attempt() == 1 ? 1h : 1s);
  };
  ta::task_options twice{.timeout = 10s};
  twice.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 0s}};
  auto h = world.tasks.add_task(std::move(twice), slow_at_first).value();
  h.get();
  BOOST_REQUIRE(attempts.size() == 2u);
  BOOST_TEST(stops(attempts[0]));
  BOOST_TEST(!attempts[1].stop_requested());
  auto item = [&](int which) -> ta::task<void> {
    items[static_cast<std::size_t>(which)] = ta::this_task::stop_token();
    co_await ta::sleep_for(which == 1 ? 1h : 1s);
  };
  (void)world.tasks.gather({.concurrency = 1, .each = {.timeout = 10s}}, item, std::vector{0, 1, 2});
  world.settle();
  BOOST_TEST(!items[0].stop_requested());
  BOOST_TEST(stops(items[1]));
  BOOST_TEST(!items[2].stop_requested());
}

BOOST_AUTO_TEST_CASE(a_callback_that_hangs_or_asks_the_manager_holds_up_nobody) {
  ta::task_manager tasks;
  gate held;
  std::atomic<bool> begun{false};
  std::stop_token kept;
  auto body = [&]() -> ta::task<void> {
    kept = ta::this_task::stop_token();
    begun = true;
    co_await ta::sleep_for(1h);
  };
  auto h = tasks.add_task({.id = "a"}, body).value();
  wait_for(begun);
  const std::stop_callback callback{kept, [&] {
                                      (void)tasks.statistics();
                                      held.pass();
                                    }};
  tasks.cancel_task("a");
  held.wait_held(1);
  h.wait(); // the body has ended, and the manager goes on
  BOOST_CHECK(h.state() == ta::state::cancelled);
  auto other = [](int value) -> ta::task<int> { co_return value; };
  BOOST_TEST(tasks.add_task({}, other, 7).value().get() == 7);
  held.open();
}

BOOST_AUTO_TEST_CASE(a_body_that_polls_is_told_before_what_never_ran_is_destroyed) {
  ta::task_manager tasks{{.capacity = 1}};
  std::atomic<bool> begun{false}, told{false};
  auto polls = [&]() -> ta::task<void> {
    told = stops(ta::this_task::stop_token(), begun);
    co_return;
  };
  auto h = tasks.add_task({}, polls).value();
  wait_for(begun);
  struct slow { // its destructor waits until the body has been told, or can't be any more
    std::atomic<bool>* until;
    explicit slow(std::atomic<bool>& told) : until(&told) {}
    slow(slow&& other) noexcept : until(std::exchange(other.until, nullptr)) {}
    slow& operator=(slow&&) = delete;
    ~slow() {
      const auto give_up = std::chrono::steady_clock::now() + 90s;
      while (until && !*until && std::chrono::steady_clock::now() < give_up)
        std::this_thread::yield();
    }
  };
  auto never = [](const slow&) -> ta::task<void> { co_return; };
  std::vector<ta::handle<void>> others;
  for (int i = 0; i < 100; ++i)
    others.push_back(tasks.add_task({}, never, slow{told}).value());
  tasks.cancel_all();
  h.wait();
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_asked_for_again_calls_nobody_back_on_the_bodys_thread) {
  virtual_time world;
  std::atomic<bool> elsewhere{false};
  bool here = false, stopped = false;
  auto body = [&]() -> ta::task<void> {
    const auto mine = std::this_thread::get_id();
    const std::stop_callback callback{ta::this_task::stop_token(), [&, mine] {
                                        (std::this_thread::get_id() == mine ? here : stopped) = true;
                                        elsewhere = true;
                                      }};
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      stopped = ta::this_task::stop_token().stop_requested();
      throw;
    }
  };
  (void)world.tasks.add_task({.id = "a"}, body).value();
  world.settle();
  world.tasks.cancel_task("a");
  world.settle();
  BOOST_TEST(stopped);
  BOOST_TEST(!here);
}

BOOST_AUTO_TEST_CASE(outside_of_a_task_there_is_none) {
  BOOST_CHECK_EXCEPTION((void)ta::this_task::stop_token(), std::system_error,
                        [](const auto& error) { return error.code() == ta::errc::not_in_task; });
}

BOOST_AUTO_TEST_SUITE_END()
