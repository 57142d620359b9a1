// isolate_after: a registered function whose tasks overrun moves to workers, and comes back when it behaves.
#include "run/bodies.hpp"
#include "support/temporary_directory.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <taskactor/named_tasks.hpp>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace test;

namespace adaptive_isolation {

/// Says where it has run: as its process.
ta::task<int> late_by(std::int64_t seconds) {
  co_await ta::sleep_for(std::chrono::seconds{seconds});
  co_return static_cast<int>(::getpid());
}
ta::task<int> hangs_here(int here) {
  if (::getpid() == here)
    co_await hanging();
  co_return static_cast<int>(::getpid());
}
/// Heeds nothing but the file.
int until_file(const std::string& folder) {
  std::ofstream{folder + "/begun"} << "yes";
  while (!std::filesystem::exists(folder + "/open"))
    std::this_thread::yield();
  return static_cast<int>(::getpid());
}
ta::task<int> ends_by(std::string how) {
  if (how == "time")
    co_await hanging();
  if (how == "death")
    ::_exit(3);
  if (how == "exception")
    throw std::runtime_error{"clean"};
  co_return static_cast<int>(::getpid());
}
TASKACTOR_REGISTER_AS(late_by, "late", {.options = {.timeout = 2s}});
TASKACTOR_REGISTER_AS(hangs_here, "hangs_here", {.options = {.timeout = 2s}});
TASKACTOR_REGISTER_AS(until_file, "until_file", {.options = {.runner = ta::runner::thread}});
TASKACTOR_REGISTER_AS(ends_by, "ends_by", {.options = {.timeout = 2s}});
TASKACTOR_REGISTER_AS(late_by, "late.process", {.options = {.timeout = 2s, .runner = ta::runner::process}});

const int our_process = static_cast<int>(::getpid());

struct watching {
  virtual_time world{{.process_capacity = 2, .cancel_grace = 100ms, .isolate_after = 2, .readmit_after = 3}};
  std::mutex mutex;
  std::vector<ta::event> told;
  ta::subscription watch = world.tasks.observe([this](const ta::event& what) {
    const std::lock_guard lock{mutex};
    if (what.kind == ta::event_kind::isolated || what.kind == ta::event_kind::readmitted)
      told.push_back(what);
  });

  ta::outcome<ta::json> call(ta::task_options how, const char* name, const ta::json& arguments) {
    const auto made = ta::add_named(world.tasks, std::move(how), name, arguments).value();
    return made.wait_outcome();
  }
  bool runs_here(const char* name, ta::task_options how = {}) {
    return call(std::move(how), name, {0}).value() == our_process;
  }
  void overrun(const char* name = "late", int times = 1) {
    for (int i = 0; i < times; ++i)
      BOOST_CHECK(call({}, name, {10}).state() == ta::state::timed_out);
    world.settle();
  }
  /// All that has been told by now; the observer is an actor of its own, on a thread of its own.
  std::vector<ta::event> wait_for_told(std::size_t count) {
    for (;;) {
      {
        const std::lock_guard lock{mutex};
        if (told.size() >= count)
          return told;
      }
      world.wait_for_wake(1ms);
      world.settle();
    }
  }
};

} // namespace adaptive_isolation

BOOST_FIXTURE_TEST_SUITE(adaptive_isolation, watching)

BOOST_AUTO_TEST_CASE(a_named_task_that_overruns_moves_to_workers_and_back) {
  BOOST_TEST(runs_here("late"));
  overrun();
  BOOST_TEST(runs_here("late"));
  overrun();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(!runs_here("late"));
  BOOST_TEST(runs_here("late"));
  const auto events = wait_for_told(2);
  BOOST_CHECK(events[0].kind == ta::event_kind::isolated);
  BOOST_TEST(events[0].id == "late");
  BOOST_TEST(events[0].text.find("outlived their deadline") != std::string::npos);
  BOOST_TEST(events[0].text.find(": 2") != std::string::npos);
  BOOST_TEST((events[0].ran == 2s));
  BOOST_CHECK(events[1].kind == ta::event_kind::readmitted);
  BOOST_TEST(events[1].id == "late");
  BOOST_TEST(events[1].text.find(": 3") != std::string::npos);
  BOOST_TEST(world.tasks.statistics().workers.calls == 3u);
}

BOOST_AUTO_TEST_CASE(a_function_that_is_added_by_itself_does_too) {
  const auto run = [&](std::int64_t seconds) {
    return world.tasks.add_task({.timeout = 2s}, late_by, seconds).value().wait_outcome();
  };
  BOOST_TEST(run(0).value() == our_process);
  for (int i = 0; i < 2; ++i)
    BOOST_CHECK(run(10).state() == ta::state::timed_out);
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(run(0).value() != our_process);
  BOOST_TEST(run(0).value() == our_process);
}

BOOST_AUTO_TEST_CASE(what_is_not_registered_or_told_where_to_run_is_not_watched) {
  for (int i = 0; i < 5; ++i) {
    BOOST_CHECK(world.tasks.add_task({.timeout = 1s}, hanging).value().wait_outcome().state()
                == ta::state::timed_out);
    BOOST_CHECK(call({.runner = ta::runner::task}, "late", {10}).state() == ta::state::timed_out);
  }
  BOOST_TEST(runs_here("late"));
  overrun("late", 2);
  BOOST_TEST(runs_here("late", {.runner = ta::runner::task}));
  BOOST_TEST(!runs_here("late"));
  BOOST_TEST(!runs_here("late.process"));
  BOOST_TEST(wait_for_told(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(it_is_off_unless_asked_for) {
  virtual_time others;
  for (int i = 0; i < 20; ++i)
    BOOST_CHECK(ta::add_named(others.tasks, {}, "late", {10}).value().wait_outcome().state()
                == ta::state::timed_out);
  BOOST_TEST(ta::add_named(others.tasks, {}, "late", {0}).value().get().get<int>() == our_process);
  BOOST_TEST(others.tasks.statistics().workers.started == 0u);
}

BOOST_AUTO_TEST_CASE(what_waits_when_its_function_moves_runs_in_a_worker) {
  world.tasks.resize(ta::limiter_kind::global, 1);
  const auto add = [&](int seconds) { return ta::add_named(world.tasks, {}, "late", {seconds}).value(); };
  const auto first = add(0), second = add(10), third = add(10), last = add(0);
  BOOST_TEST(last.get().get<int>() != our_process);
  BOOST_TEST(first.get().get<int>() == our_process);
  for (const auto& late : {second, third})
    BOOST_CHECK(late.wait_outcome().state() == ta::state::timed_out);
}

BOOST_AUTO_TEST_CASE(each_attempt_that_overruns_counts_and_the_next_is_in_a_worker) {
  const auto how
      = call({.id = "x", .retry = ta::retry{.max_attempts = 3, .first = 0s}}, "hangs_here", {our_process});
  BOOST_CHECK(how.value() != our_process);
  BOOST_TEST(world.tasks.find("x")->attempt == 3u);
}

BOOST_AUTO_TEST_CASE(a_thread_that_is_left_behind_counts) {
  test::temporary_directory folder;
  for (int i = 0; i < 2; ++i) {
    const auto left = ta::add_named(world.tasks, {}, "until_file", {folder.path()}).value();
    world.settle();
    while (!std::filesystem::exists(folder / "begun"))
      std::this_thread::yield();
    std::filesystem::remove(folder / "begun");
    left.cancel();
    world.advance(1s);
    BOOST_CHECK(left.state() == ta::state::cancelled);
    BOOST_TEST(world.tasks.statistics().overruns == static_cast<std::size_t>(i + 1));
  }
  std::ofstream{folder / "open"} << "yes";
  BOOST_CHECK(call({}, "until_file", {folder.path()}).value() != our_process);
  BOOST_TEST(wait_for_told(1)[0].id == "until_file");
}

BOOST_AUTO_TEST_CASE(an_exception_is_a_clean_run_and_a_dead_worker_is_not) {
  const auto run = [&](const char* how) {
    const auto outcome = call({}, "ends_by", {how});
    return outcome ? ta::state::completed : outcome.error().state();
  };
  for (int i = 0; i < 2; ++i)
    BOOST_CHECK(run("time") == ta::state::timed_out);
  for (const char* how : {"exception", "exception", "death", "exception", "value"})
    BOOST_CHECK(run(how) == (how == std::string{"value"} ? ta::state::completed : ta::state::failed));
  BOOST_TEST(call({}, "ends_by", {""}).value().get<int>() != our_process); // the third in a row
  BOOST_TEST(call({}, "ends_by", {""}).value().get<int>() == our_process);
  BOOST_TEST(wait_for_told(2).size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
