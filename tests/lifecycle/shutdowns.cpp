// Rule 12: drain, cancel, kill; bounded, from any thread, twice.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

using namespace test;

BOOST_AUTO_TEST_SUITE(shutdowns)

BOOST_AUTO_TEST_CASE(what_waits_and_runs_may_end_within_the_drain) {
  virtual_time world{{.capacity = 1}};
  auto a = world.tasks.add_task({}, after, 2s, 1).value();
  auto b = world.tasks.add_task({}, after, 2s, 2).value();
  const auto start = world.now();
  const auto report = world.tasks.shutdown({.drain = 10s});
  BOOST_CHECK(world.now() - start == 4s); // no longer than needed
  BOOST_TEST(report.completed == 2u);
  BOOST_TEST(report.clean());
}

BOOST_AUTO_TEST_CASE(then_all_is_cancelled_and_then_killed) {
  virtual_time world{{.capacity = 2, .cancel_grace = 1h}};
  int gone = 0;
  auto polite = [&gone]() -> ta::task<void> {
    const witness here{&gone};
    co_await hanging();
  };
  auto a = world.tasks.add_task({.id = "polite", .timeout = ta::no_timeout}, polite).value();
  auto b = world.tasks.add_task({.id = "rude", .timeout = ta::no_timeout}, swallowing, nullptr).value();
  auto c = world.tasks.add_task({.id = "waiting"}, after, 1s, 1).value();
  const auto start = world.now();
  const auto report = world.tasks.shutdown({.drain = 3s, .cancel = 2s, .kill = 1s});
  BOOST_CHECK(world.now() - start == 5s);
  BOOST_TEST(report.cancelled == 3u);
  BOOST_TEST(report.clean());
  BOOST_TEST(gone == 1);
  BOOST_CHECK(a.try_outcome()->error().reason() == ta::end_reason::shutdown);
  BOOST_CHECK(c.try_outcome()->error().reason() == ta::end_reason::shutdown);
}

/// In real time: what has no time left still has what a kill takes.
BOOST_AUTO_TEST_CASE(without_any_time_all_that_can_be_killed_is_gone) {
  int clean = 0;
  for (int i = 0; i < 50 || (clean == 0 && i < 1000); ++i) { // on a busy machine few may be gone that soon
    ta::task_manager tasks{{.capacity = 8, .cancel_grace = 1h}};
    std::vector<ta::handle<int>> all;
    for (int k = 0; k < 20; ++k) // more than half of them wait
      all.push_back(tasks.add_task({}, swallowing, nullptr).value());
    const auto report = tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 0s});
    clean += report.clean() && report.cancelled == 20 ? 1 : 0;
    for (const auto& each : all)
      BOOST_TEST(each.wait_for(20s));
    while (tasks.statistics().running != 0)
      std::this_thread::yield();
  }
  BOOST_TEST(clean > 0);
}

BOOST_AUTO_TEST_CASE(a_second_call_gets_the_same_report_at_once) {
  virtual_time world;
  (void)world.tasks.add_task({}, after, 2s, 1);
  const auto first = world.tasks.shutdown();
  const auto start = world.now();
  const auto second = world.tasks.shutdown();
  BOOST_CHECK(world.now() == start);
  BOOST_TEST(second.completed == first.completed);
}

BOOST_AUTO_TEST_CASE(threads_may_shut_down_at_once_and_a_shorter_call_hurries_the_longer) {
  ta::task_manager tasks;
  auto h = tasks.add_task({.timeout = ta::no_timeout}, hanging).value();
  std::vector<std::thread> callers;
  std::atomic<int> clean{0};
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&, i] {
      const auto bounds = i == 3 ? ta::shutdown_options{.drain = 0s} : ta::shutdown_options{.drain = 1h};
      clean += tasks.shutdown(bounds).clean() ? 1 : 0;
    });
  for (auto& caller : callers)
    caller.join();
  BOOST_TEST(clean == 4);
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(bad_bounds_are_refused_by_name) {
  virtual_time world;
  BOOST_CHECK_EXCEPTION(
      world.tasks.shutdown({.cancel = -1s}), std::system_error, [](const std::system_error& e) {
        return e.code() == ta::errc::invalid_argument && std::string{e.what()}.starts_with("cancel: ");
      });
  BOOST_TEST(world.tasks.add_task({}, after, 1s, 1).has_value()); // nothing was stopped
}

BOOST_AUTO_TEST_CASE(the_manager_lives_in_a_system_of_the_users_and_leaves_it_as_it_was) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  for (int i = 0; i < 3; ++i) {
    ta::task_manager tasks{system};
    BOOST_TEST(tasks.add_task({}, after, 1ms, i).value().get() == i);
  }
  BOOST_TEST(system.registry().running() == 0u);
}

BOOST_AUTO_TEST_CASE(a_system_of_the_users_can_have_the_managers_scheduler) {
  caf::actor_system_config config;
  ta::task_manager::configure(config);
  caf::actor_system system{config};
  ta::task_manager tasks{system};
  const auto all = tasks.gather(
      {.concurrency = 8}, [](int n) { return after(1ms, n); }, std::vector{1, 2, 3, 4});
  BOOST_TEST(all[3].value() == 4);
}

BOOST_AUTO_TEST_CASE(a_body_that_never_awaits_holds_up_nobody_while_a_worker_is_left) {
  std::atomic<bool> running = false, go_on = false;
  ta::task_manager tasks{{.scheduler_threads = 2}};
  auto stuck = tasks.add_task({}, [&] {
    running = true;
    while (!go_on)
      std::this_thread::yield();
  });
  while (!running)
    std::this_thread::yield();
  for (int i = 0; i < 1000; ++i)
    BOOST_REQUIRE(tasks.add_task({}, after, i % 2 == 0 ? 0ns : 10us, i).value().get() == i);
  go_on = true;
  stuck->wait();
}

BOOST_AUTO_TEST_CASE(a_manager_may_end_while_the_threads_that_made_and_used_it_live_on) {
  std::unique_ptr<ta::task_manager> tasks;
  std::promise<void> ready, done;
  std::thread other{[&] {
    tasks = std::make_unique<ta::task_manager>();
    const auto subscription = tasks->observe([](const ta::task_event&) {});
    tasks->add_limiter("db", {.capacity = 1});
    tasks->run_in_thread({}, [] {}).value().get();
    ready.set_value();
    done.get_future().wait();
  }};
  ready.get_future().wait();
  tasks.reset(); // would wait for the thread above, did that keep something of the actor system
  done.set_value();
  other.join();
  BOOST_TEST(!tasks);
}

BOOST_AUTO_TEST_SUITE_END()
