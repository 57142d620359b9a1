// What follows when a worker has died under a call: it is run again if that does no harm, or if its caller
// says so; and not for ever.
#include <boost/test/unit_test.hpp>
#include <taskactor/named_tasks.hpp>
#include <taskactor/taskactor.hpp>

#include "support/environment_variable.hpp"
#include "support/temporary_directory.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace worker_kills {

/// Notes in a file of its name that it has begun; which time, counted from one.
std::uintmax_t begin(const std::string& folder, int n) {
  const auto file = folder + "/" + std::to_string(n);
  std::ofstream{file, std::ios::app} << 'x' << std::flush;
  return std::filesystem::file_size(file);
}

/// Dies until it is begun for the nth time.
int nth_time(int n, std::uintmax_t nth, const std::string& folder) {
  if (begin(folder, n) < nth)
    ::_exit(1);
  return n;
}
/// Dies the first time, and never ends the second.
ta::task<int> hangs_then(std::string folder) {
  if (begin(folder, 0) == 1)
    ::raise(SIGKILL);
  ta::this_task::report_progress(1, 1, {});
  for (;;)
    co_await ta::sleep_for(1h);
}
/// Throws the first time.
int throws_once(const std::string& folder) {
  if (begin(folder, 0) == 1)
    throw std::runtime_error{"once"};
  return 1;
}
int nothing_at_all() { return 0; }

int nth_time_at_most_once(int n, std::uintmax_t nth, const std::string& folder) {
  return nth_time(n, nth, folder);
}
TASKACTOR_REGISTER_AS(nth_time, "nth_time", {.idempotent = true});
TASKACTOR_REGISTER_AS(hangs_then, "hangs_then", {.idempotent = true});
TASKACTOR_REGISTER_AS(throws_once, "throws_once", {.idempotent = true});
TASKACTOR_REGISTER(nth_time_at_most_once);
TASKACTOR_REGISTER(nothing_at_all);

constexpr std::uintmax_t never = 1'000'000;

const ta::retry often{.max_attempts = 10, .backoff = {.first = 0s}};

std::uintmax_t times_begun(const std::string& folder, int n) {
  return std::filesystem::file_size(folder + "/" + std::to_string(n));
}

void check_worker_lost(const ta::outcome<int>& how) {
  BOOST_REQUIRE(how.state() == ta::state::failed);
  BOOST_CHECK_THROW(how.value(), ta::worker_lost);
}

} // namespace worker_kills

BOOST_FIXTURE_TEST_SUITE(worker_kills, test::temporary_directory)

BOOST_AUTO_TEST_CASE(a_call_begins_at_most_once) {
  ta::task_manager tasks;
  check_worker_lost(tasks.run_in_process({}, nth_time_at_most_once, 1, 2U, path()).value().wait_outcome());
  BOOST_TEST(times_begun(path(), 1) == 1u);
  BOOST_TEST(tasks.statistics().workers.run_again == 0u);
}

BOOST_AUTO_TEST_CASE(an_idempotent_call_is_run_again_without_being_asked_to) {
  std::mutex mutex;
  std::vector<std::string> told;
  ta::task_manager tasks;
  const auto watch = tasks.observe([&](const ta::task_event& what) {
    const std::lock_guard lock{mutex};
    if (what.kind == ta::event_kind::retrying)
      told.push_back(what.id + ": " + what.text);
  });
  BOOST_TEST(tasks.run_in_process({.id = "x"}, nth_time, 1, 3U, path()).value().get() == 1);
  BOOST_TEST(times_begun(path(), 1) == 3u);
  BOOST_TEST(tasks.find("x")->attempt == 1u);
  BOOST_TEST(tasks.statistics().workers.run_again == 2u);
  BOOST_TEST(tasks.statistics().workers.lost == 2u);
  const auto count = [&] {
    const std::lock_guard lock{mutex};
    return told.size();
  };
  while (count() < 2)
    std::this_thread::yield();
  BOOST_TEST(told[0].find("x: its call is idempotent: taskactor::worker_lost: ") == 0u, told[0]);
  BOOST_TEST(told[1].find("exit code 1") != std::string::npos, told[1]);
}

BOOST_AUTO_TEST_CASE(an_idempotent_call_that_kills_three_workers_has_failed) {
  ta::task_manager tasks;
  check_worker_lost(tasks.run_in_process({}, nth_time, 1, never, path()).value().wait_outcome());
  BOOST_TEST(times_begun(path(), 1) == 3u);
}

BOOST_AUTO_TEST_CASE(how_many_workers_a_task_may_kill_is_an_option) {
  ta::task_manager tasks{{.workers = {.max_kills = 5}}};
  check_worker_lost(tasks.run_in_process({}, nth_time, 1, never, path()).value().wait_outcome());
  BOOST_TEST(times_begun(path(), 1) == 5u);
  ta::task_manager endless{{.workers = {.max_kills = 0}}};
  BOOST_TEST(endless.run_in_process({}, nth_time, 2, 12U, path()).value().get() == 2);
}

BOOST_AUTO_TEST_CASE(a_task_that_has_killed_three_workers_is_not_retried) {
  ta::task_manager tasks;
  const auto run = [&](ta::task_options how) {
    return tasks.run_in_process(std::move(how), nth_time_at_most_once, 1, never, path()).value();
  };
  check_worker_lost(run({.id = "x", .retry = often}).wait_outcome());
  BOOST_TEST(tasks.find("x")->attempt == 3u);
  BOOST_TEST(tasks.statistics().workers.lost == 3u);
  ta::task_manager others{{.workers = {.max_kills = 2}}};
  check_worker_lost(
      others.run_in_process({.id = "x", .retry = often}, nth_time_at_most_once, 1, never, path())
          .value()
          .wait_outcome());
  BOOST_TEST(others.find("x")->attempt == 2u);
}

BOOST_AUTO_TEST_CASE(calls_and_attempts_of_a_task_kill_three_workers_together) {
  ta::task_manager tasks;
  auto body = [](std::string folder) -> ta::task<int> {
    if (ta::this_task::attempt() == 1) {
      co_await ta::run_in_process(nth_time, 1, 3U, folder); // two of them
      throw std::runtime_error{"once more"};
    }
    const int got = co_await ta::run_in_process(nth_time_at_most_once, 2, never, folder);
    co_return got;
  };
  check_worker_lost(tasks.add_task({.id = "x", .retry = often}, body, path()).value().wait_outcome());
  BOOST_TEST(tasks.find("x")->attempt == 2u);
  BOOST_TEST(times_begun(path(), 2) == 1u);
}

BOOST_AUTO_TEST_CASE(what_an_idempotent_function_throws_is_a_failure_as_any) {
  ta::task_manager tasks;
  const auto how = tasks.run_in_process({}, throws_once, path()).value().wait_outcome();
  BOOST_CHECK(how.state() == ta::state::failed);
  BOOST_TEST(times_begun(path(), 0) == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_run_again_can_be_cancelled_and_times_out) {
  for (const bool by_deadline : {false, true}) {
    const test::temporary_directory folder;
    ta::task_manager tasks;
    auto h = tasks.run_in_process({.id = "x", .timeout = by_deadline ? 300ms : 1h}, hangs_then, folder.path())
                 .value();
    while (!by_deadline && tasks.find("x")->progress.done == 0)
      std::this_thread::yield();
    if (!by_deadline)
      h.cancel();
    BOOST_CHECK(h.wait_outcome().state() == (by_deadline ? ta::state::timed_out : ta::state::cancelled));
  }
}

BOOST_AUTO_TEST_CASE(a_gather_over_dying_processes_has_all_values_of_an_idempotent_function) {
  ta::task_manager tasks{{.process_capacity = 4}};
  std::vector<int> numbers(60);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto folder = path();
  const auto run = [&](auto f) {
    return tasks.gather(
        {.concurrency = 16},
        [f, folder](int n) { return ta::run_in_process(f, n, n % 3 == 0 ? 2U : 1U, folder); }, numbers);
  };
  const auto once = run(nth_time_at_most_once);
  for (const int n : numbers)
    BOOST_TEST(once[static_cast<std::size_t>(n)].has_value() == (n % 3 != 0));
  for (const int n : numbers)
    std::filesystem::remove(folder + "/" + std::to_string(n));
  const auto again = run(nth_time);
  for (const int n : numbers)
    BOOST_TEST(*again[static_cast<std::size_t>(n)] == n);
  BOOST_TEST(tasks.statistics().workers.run_again == 20u);
  BOOST_TEST(tasks.statistics().workers.lost == 40u);
}

BOOST_AUTO_TEST_CASE(a_named_task_is_run_again_as_well) {
  ta::task_manager tasks;
  const auto made
      = ta::add_named(tasks, {.where = ta::run_where::process}, "nth_time", {7, 2, path()}).value();
  BOOST_CHECK(made.get() == 7);
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_at_its_start_was_killed_by_no_task) {
  const test::environment_variable from_now{"TEST_DIES_AT_START", "1"};
  ta::task_manager tasks{{.process_capacity = 1}};
  const auto how = tasks.run_in_process({.id = "x", .retry = often}, nothing_at_all).value().wait_outcome();
  BOOST_CHECK(how.state() == ta::state::failed);
  BOOST_TEST(tasks.find("x")->attempt == often.max_attempts);
}

BOOST_AUTO_TEST_SUITE_END()
