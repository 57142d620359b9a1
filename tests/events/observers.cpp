// Observers and time: a test's clock waits for them, and a manager's end does, for a while.
#include "lifecycle/bodies.hpp"
#include "support/heard.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

using namespace test;

namespace observers {

/// Tries until the machine hasn't kept a thread waiting for as long as observers are waited for, which shows
/// in the time that `what` returns: less than `bound` then.
template <class F>
void when_calm(std::chrono::milliseconds bound, F what, int tries = 10) {
  while (what() >= bound && --tries > 0)
    BOOST_TEST_MESSAGE("tried again: a thread was kept waiting");
}

template <class F>
std::chrono::nanoseconds time_of(F what) {
  const auto begun = std::chrono::steady_clock::now();
  what();
  return std::chrono::steady_clock::now() - begun;
}

/// A handler's slow work: nothing in a test may sleep, so it waits for what doesn't come.
void take(std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, time, [] { return false; });
}

struct captured_log {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> logger
      = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
};

} // namespace observers

BOOST_AUTO_TEST_SUITE(observers)

BOOST_AUTO_TEST_CASE(virtual_time_waits_until_observers_have_heard) {
  std::vector<std::chrono::nanoseconds> heard_at;
  when_calm(2s, [&] {
    heard_at.clear();
    virtual_time world; // its end waits for the handler
    const auto subscription = world.tasks.observe(
        [&](const ta::task_event&) {
          take(20ms);
          heard_at.push_back(world.elapsed());
        },
        {.kinds = {ta::event_kind::completed}});
    for (int i = 1; i <= 3; ++i)
      (void)world.tasks.add_task({}, after, i * 1s, i);
    const auto taken = time_of([&] { world.advance(10s); });
    wait_until_heard(world);
    return taken;
  });
  BOOST_TEST((heard_at == std::vector<std::chrono::nanoseconds>{1s, 2s, 3s}));
}

BOOST_AUTO_TEST_CASE(what_an_observer_begins_is_run_before_time_goes_on) {
  std::atomic<int> begun{0};
  std::atomic<std::int64_t> ended_at{0};
  when_calm(2s, [&] {
    begun = 0;
    ended_at = 0;
    virtual_time world;
    const auto subscription = world.tasks.observe(
        [&](const ta::task_event& e) {
          if (e.id != "first")
            return;
          ++begun;
          (void)world.tasks.add_task({}, [&] { ended_at = world.elapsed() / 1ms; });
        },
        {.kinds = {ta::event_kind::completed}});
    (void)world.tasks.add_task({.id = "first"}, after, 1s, 1);
    const auto taken = time_of([&] { world.advance(1h); });
    wait_until_heard(world);
    return taken;
  });
  BOOST_TEST(begun == 1);
  BOOST_TEST(ended_at == 1000);
}

BOOST_AUTO_TEST_CASE(an_observer_that_asks_the_manager_and_waits_is_not_waited_for) {
  virtual_time world;
  std::atomic<int> got{0};
  const auto subscription = world.tasks.observe(
      [&](const ta::task_event& e) {
        if (e.id == "first")
          got = world.tasks.add_task({}, after, 1s, 7).value().get();
      },
      {.kinds = {ta::event_kind::completed}});
  (void)world.tasks.add_task({.id = "first"}, after, 1s, 1);
  const auto patience = std::chrono::steady_clock::now() + 60s;
  while (got != 7 && std::chrono::steady_clock::now() < patience)
    try {
      world.run_until([&] { return got == 7; });
    } catch (const ta::testing::deadlock&) { // what it waits for is there, and its thread isn't scheduled yet
    }
  BOOST_TEST(got == 7);
  BOOST_CHECK(world.elapsed() >= 2s);
}

BOOST_AUTO_TEST_CASE(an_observer_that_is_behind_is_waited_for_at_the_end) {
  std::shared_ptr<std::atomic<int>> heard; // of the last try: one that is cut off goes on alone
  captured_log log;
  ta::subscription kept; // longer than the manager, as by a program that keeps it to its end
  when_calm(500ms, [&] { // all that a thread of the manager's own has to come to its end
    const auto mine = heard = std::make_shared<std::atomic<int>>(0);
    log.text.str({});
    auto tasks = std::make_unique<ta::task_manager>(ta::manager_options{.logger = log.logger});
    kept = tasks->observe(
        [mine](const ta::task_event&) {
          take(20ms); // all together much less than an end waits for observers
          ++*mine;
        },
        {.kinds = {ta::event_kind::completed}});
    for (int i = 0; i < 10; ++i)
      tasks->add_task({}, [] {}).value().wait();
    return time_of([&] { tasks.reset(); });
  });
  BOOST_TEST(*heard == 10);
  BOOST_TEST(log.text.str().find("left behind") == std::string::npos, log.text.str());
  BOOST_TEST(log.text.str().find("cut off") == std::string::npos, log.text.str());
}

BOOST_AUTO_TEST_CASE(one_that_hangs_is_cut_off_and_the_rest_is_taken_apart) {
  captured_log log;
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false, go_on = false, left = false;
  };
  when_calm(2500ms, [&] { // the 2 s that the observer has, and what a thread of the manager's own has
    const auto shared = std::make_shared<state>();
    log.text.str({});
    auto tasks = std::make_unique<ta::task_manager>(ta::manager_options{.logger = log.logger});
    const auto kept = tasks->observe([shared](const ta::task_event&) {
      std::unique_lock lock{shared->mutex};
      shared->entered = true;
      shared->changed.notify_all();
      shared->changed.wait(lock, [&] { return shared->go_on; });
      shared->left = true;
      shared->changed.notify_all();
    });
    tasks->add_task({}, [] {}).value().wait();
    tasks->add_task({}, [] {}).value().wait();
    {
      std::unique_lock lock{shared->mutex};
      shared->changed.wait(lock, [&] { return shared->entered; });
    }
    const auto taken = time_of([&] { tasks.reset(); });
    BOOST_TEST(log.text.str().find("1 observer was cut off") != std::string::npos, log.text.str());
    std::unique_lock lock{shared->mutex};
    shared->go_on = true;
    shared->changed.notify_all();
    shared->changed.wait(lock, [&] { return shared->left; });
    return taken;
  });
  BOOST_TEST(log.text.str().find("left behind") == std::string::npos, log.text.str());
}

BOOST_AUTO_TEST_SUITE_END()
