// Rule 13, and observers: what is told, in which order, to whom, and that it harms nobody.
#include "lifecycle/bodies.hpp"
#include "support/heard.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

using namespace test;

BOOST_AUTO_TEST_SUITE(events)

namespace {

struct captured_log {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> logger
      = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  captured_log() {
    logger->set_pattern("%l %v");
    logger->set_level(spdlog::level::trace);
  }
  bool has(const std::string& part) const { return text.str().find(part) != std::string::npos; }
  bool at_error() const { return has("error "); }
};

/// Asks for something new when it is asked to end, or fails in another way.
ta::task<int> clumsy() {
  try {
    co_await ta::sleep_for(1h);
  } catch (const ta::cancelled_error&) { // NOLINT: as badly written ones do
  }
  throw std::runtime_error{"in the middle of it"};
}

} // namespace

BOOST_AUTO_TEST_CASE(an_observer_sees_the_life_of_a_task_in_order) {
  virtual_time world;
  listener seen;
  const auto subscription = world.tasks.observe(seen.handler());
  auto body = []() -> ta::task<void> {
    ta::this_task::report_progress(1, 2, "half");
    co_await ta::sleep_for(1s);
  };
  auto h = world.tasks.add_task({.id = "a"}, body).value();
  h.wait();
  BOOST_TEST(seen.wait_for(3) == (std::vector<std::string>{"a started", "a progress: half", "a completed"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_ending_has_its_event_and_a_failure_nobody_looked_at_another) {
  virtual_time world;
  listener seen;
  const auto subscription = world.tasks.observe(seen.handler());
  (void)world.tasks.add_task({.id = "f"}, failing, 0s);
  world.settle();
  (void)world.tasks.add_task({.id = "t", .timeout = 1s}, hanging);
  world.advance(1s);
  (void)world.tasks.add_task({.id = "c"}, hanging);
  world.settle();
  world.tasks.cancel_task("c");
  world.settle();
  BOOST_TEST(seen.wait_for(8)
                 == (std::vector<std::string>{
                     "f started", "f failed: failed: std::runtime_error: boom",
                     "f ended badly, and nobody looked: failed: std::runtime_error: boom", "t started",
                     "t timed out: timed out: ran too long (limit 1 s)",
                     "t ended badly, and nobody looked: timed out: ran too long (limit 1 s)", "c started",
                     "c cancelled: cancelled: requested"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_in_an_id_or_an_error_stays_in_its_line_of_the_log) {
  captured_log log;
  virtual_time world{{.logger = log.logger}};
  auto body = []() -> ta::task<void> {
    throw std::runtime_error{"no page\r\nerror all is lost\x1b[2J"};
    co_return;
  };
  (void)world.tasks.add_task({.id = "a\nerror forged"}, body);
  wait_until_heard(world);
  BOOST_TEST(log.has("a\\nerror forged: failed after"));
  BOOST_TEST(log.has("no page\\r\\nerror all is lost\\x1b[2J"));
  BOOST_TEST(!log.has("\nerror forged"));
  BOOST_TEST(!log.has("\x1b"));
}

BOOST_AUTO_TEST_CASE(an_observer_that_throws_is_kept_and_the_task_does_not_notice) {
  captured_log log;
  virtual_time world{{.logger = log.logger}};
  listener seen;
  auto record = seen.handler();
  auto subscription = world.tasks.observe([record](const ta::task_event& e) {
    record(e);
    throw std::runtime_error{"observer"};
  });
  BOOST_TEST(world.tasks.add_task({.id = "a"}, after, 1s, 3).value().get() == 3);
  BOOST_TEST(seen.wait_for(2).size() == 2u);
  wait_until_heard(world);
  world.end();
  BOOST_TEST(log.has("warning observer: observer threw"));
}

BOOST_AUTO_TEST_CASE(a_slow_observer_loses_events_which_are_counted_and_holds_nobody_up) {
  virtual_time world;
  world.set_patience(20ms); // its clock waits for observers
  struct state {            // the handler's: it may be on its way out when this test is over
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false, go_on = false;
  };
  const auto shared = std::make_shared<state>();
  const auto subscription = world.tasks.observe(
      [shared](const ta::task_event&) {
        std::unique_lock lock{shared->mutex};
        shared->entered = true;
        shared->changed.notify_all();
        shared->changed.wait(lock, [&] { return shared->go_on; });
      },
      {.queue = 10});
  (void)world.tasks.add_task({}, [] {});
  world.settle();
  {
    std::unique_lock lock{shared->mutex};
    shared->changed.wait(lock, [&] { return shared->entered; });
  }
  for (int i = 0; i < 100; ++i)
    (void)world.tasks.add_task({}, [] {});
  world.settle();
  BOOST_TEST(world.tasks.statistics().completed == 101u);
  BOOST_TEST(world.tasks.statistics().events_dropped >= 189u); // 202 events: one in hand, one or ten queued
  {
    const std::lock_guard lock{shared->mutex};
    shared->go_on = true;
    shared->changed.notify_all();
  }
}

BOOST_AUTO_TEST_CASE(an_observer_hears_of_the_kinds_that_it_asked_for) {
  virtual_time world;
  listener bad, all;
  const auto some
      = world.tasks.observe(bad.handler(), {.kinds = {ta::event_kind::failed, ta::event_kind::timed_out}});
  auto every = world.tasks.observe(all.handler());
  const auto run = [&] {
    world.tasks.add_task({.id = "good"}, [] {}).value().wait();
    auto failed = world.tasks.add_task({.id = "f"}, failing, 0s).value();
    failed.wait();
    (void)failed.try_outcome(); // looked at
    auto late = world.tasks.add_task({.id = "t", .timeout = 1s}, hanging).value();
    late.wait();
    (void)late.try_outcome(); // the same
  };
  const std::vector<std::string> once{"f failed: failed: std::runtime_error: boom",
                                      "t timed out: timed out: ran too long (limit 1 s)"};
  run();
  BOOST_TEST(all.wait_for(6).size() == 6u);
  BOOST_TEST(bad.wait_for(2) == once, boost::test_tools::per_element());
  every.reset(); // what only that one wanted nobody wants now
  run();
  const std::vector<std::string> twice{once[0], once[1], once[0], once[1]};
  BOOST_TEST(bad.wait_for(4) == twice, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(after_its_subscription_an_observer_hears_nothing) {
  virtual_time world;
  listener first, second;
  auto short_one = world.tasks.observe(first.handler());
  const auto long_one = world.tasks.observe(second.handler());
  world.tasks.add_task({}, [] {}).value().wait();
  (void)first.wait_for(2);
  short_one.reset();
  world.tasks.add_task({}, [] {}).value().wait();
  BOOST_TEST(second.wait_for(4).size() == 4u);
  BOOST_TEST(first.wait_for(2).size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_log_has_the_levels_of_rule_13) {
  captured_log log;
  virtual_time world{{.cancel_grace = 0s, .logger = log.logger}};
  (void)world.tasks.add_task({.id = "ok"}, after, 1s, 1);
  (void)world.tasks.add_task({.id = "bad"}, failing, 1s);
  (void)world.tasks.add_task({.id = "late", .timeout = 1s}, hanging);
  (void)world.tasks.add_task({.id = "gone"}, hanging);
  world.settle();
  world.tasks.cancel_task("gone");
  world.advance(2s);
  wait_until_heard(world);
  BOOST_TEST(log.has("debug ok: started"));
  BOOST_TEST(log.has("debug ok: completed after 1000.000 ms"));
  BOOST_TEST(log.has("debug bad: failed after 1000.000 ms: failed: std::runtime_error: boom"));
  BOOST_TEST(log.has("error bad: failed: std::runtime_error: boom (after 1000.000 ms; nobody looked at it)"));
  BOOST_TEST(log.has("debug late: timed out after 1000.000 ms"));
  BOOST_TEST(
      log.has("error late: timed out: ran too long (limit 1 s) (after 1000.000 ms; nobody looked at it)"));
  BOOST_TEST(log.has("info gone: cancelled"));
}

BOOST_AUTO_TEST_CASE(what_somebody_has_looked_at_is_no_error_in_the_log) {
  captured_log log;
  virtual_time world{{.logger = log.logger}};
  auto bad = world.tasks.add_task({}, failing, 1s).value();
  auto late = world.tasks.add_task({.timeout = 1s}, hanging).value();
  auto awaits = [](ta::handle<int> other) -> ta::task<std::string> {
    const auto& end = co_await other.outcome();
    co_return end.error().message();
  };
  auto other = world.tasks.add_task({.timeout = 1s}, clumsy).value();
  BOOST_TEST(world.tasks.add_task({}, awaits, std::move(other)).value().get()
             == "timed out: ran too long (limit 1 s)");
  BOOST_TEST(!bad.wait_outcome());
  BOOST_CHECK_THROW(late.get(), ta::task_error);
  std::vector<int> numbers(100);
  auto throws = [](int number) -> ta::task<int> {
    co_await ta::yield();
    throw std::runtime_error{std::to_string(number)};
  };
  for (const auto& end : world.tasks.gather({}, throws, numbers))
    BOOST_TEST(!end);
  wait_until_heard(world);
  world.end();
  BOOST_TEST(log.has("debug "));
  BOOST_TEST(!log.at_error());
}

BOOST_AUTO_TEST_CASE(a_program_that_is_ended_logs_no_errors_of_tasks_that_fail_of_it) {
  captured_log log;
  {
    virtual_time world{{.capacity = 100, .logger = log.logger}};
    auto asks_for_more = [&world]() -> ta::task<void> {
      for (;;) {
        co_await ta::sleep_for(1s);
        world.tasks.add_task({}, [] {}).value();
      }
    };
    for (int i = 0; i < 20; ++i) {
      (void)world.tasks.add_task({}, clumsy);
      (void)world.tasks.add_task({}, asks_for_more);
    }
    world.settle();
    world.tasks.shutdown({.drain = 5s});
    wait_until_heard(world);
  }
  BOOST_TEST(log.has("info task-1: failed: std::runtime_error: in the middle of it"));
  BOOST_TEST(log.has("the task manager is stopping"));
  BOOST_TEST(!log.at_error());
}

BOOST_AUTO_TEST_CASE(the_level_is_an_option_and_the_loggers_own_stays) {
  captured_log log;
  log.logger->set_level(spdlog::level::warn);
  {
    virtual_time world{{.logger = log.logger, .log_level = ta::log_level::debug}};
    world.tasks.add_task({.id = "a"}, after, 1s, 1).value().wait();
    wait_until_heard(world);
  }
  BOOST_TEST(log.has("debug a: completed"));
  BOOST_CHECK(log.logger->level() == spdlog::level::warn);
  log.text.str({});
  {
    virtual_time world{{.logger = log.logger, .log_level = ta::log_level::off}};
    (void)world.tasks.add_task({.id = "b"}, failing, 1s);
    world.advance(1s);
  }
  BOOST_TEST(log.text.str().empty());
}

BOOST_AUTO_TEST_CASE(a_level_is_read_as_it_is_written) {
  for (const auto level : {ta::log_level::debug, ta::log_level::info, ta::log_level::warn,
                           ta::log_level::error, ta::log_level::off})
    BOOST_CHECK(ta::parse_log_level(to_string(level)) == level);
  for (const char* wrong : {"", "Debug", "warning", "trace", "debug "})
    BOOST_CHECK(!ta::parse_log_level(wrong));
}

BOOST_AUTO_TEST_CASE(an_overrun_is_a_warning) {
  captured_log log;
  virtual_time world{{.cancel_grace = 1s, .logger = log.logger}};
  std::mutex mutex;
  std::condition_variable changed;
  bool go_on = false;
  auto stuck = [&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return go_on; });
  };
  auto h = world.tasks.run_in_thread({.id = "stuck", .timeout = 1s}, stuck).value();
  world.advance(4s);
  wait_until_heard(world);
  BOOST_TEST(log.has("warning stuck: still running after its outcome was given"));
  {
    const std::lock_guard lock{mutex};
    go_on = true;
    changed.notify_all();
  }
  world.run_until([&] { return world.tasks.statistics().overrunning == 0; });
}

BOOST_AUTO_TEST_CASE(without_a_logger_one_named_taskactor_is_used_and_no_other_is_touched) {
  const auto before = spdlog::default_logger();
  { ta::task_manager tasks; }
  BOOST_CHECK(spdlog::get("taskactor") != nullptr);
  BOOST_CHECK(spdlog::default_logger() == before);
}

BOOST_AUTO_TEST_SUITE_END()
