// Calls that bodies in workers make: of the parent's pool, with its tokens, and as structured as any other.
#include <boost/test/unit_test.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include "support/temporary_directory.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace nested_calls {

int own_process() { return static_cast<int>(::getpid()); }

/// Each level in another worker, while all above wait.
ta::task<std::vector<int>> chain(int depth) {
  std::vector<int> processes;
  if (depth > 0)
    processes = co_await ta::run_in_process(chain, depth - 1);
  processes.push_back(own_process());
  co_return processes;
}
ta::task<int> fib(int n) {
  if (n < 2)
    co_return n;
  const int a = co_await ta::run_in_process(fib, n - 1);
  const int b = co_await ta::run_in_process(fib, n - 2);
  co_return a + b;
}
int square(int n) { return n * n; }
/// Many at once, and of these some with more of their own.
ta::task<int> sum_of_squares(int count, int depth) {
  std::vector<int> items(static_cast<std::size_t>(count));
  std::iota(items.begin(), items.end(), 1);
  auto one = [depth](int n) -> ta::task<int> {
    if (depth > 0)
      co_return co_await ta::run_in_process(sum_of_squares, n, depth - 1);
    co_return co_await ta::run_in_process(square, n);
  };
  const auto all = co_await ta::gather({.concurrency = 8}, one, items);
  int sum = 0;
  for (const auto& each : all)
    sum += each.value();
  co_return sum;
}
int sum_here(int count, int depth) {
  int sum = 0;
  for (int n = 1; n <= count; ++n)
    sum += depth > 0 ? sum_here(n, depth - 1) : square(n);
  return sum;
}
void crash_here() { std::abort(); } // a signal that the sanitizers leave alone
void throw_here() { throw std::domain_error{"no such thing"}; }
int print_here(const std::string& text) {
  std::cout << text << std::endl;
  return 1;
}
int dies_once(const std::string& file) {
  if (std::filesystem::exists(file))
    return 7;
  std::ofstream{file} << "was here";
  ::_exit(3);
}
void unknown_to_the_registry() {}
ta::task<std::string> outcome_there(std::string what, std::string file) {
  try {
    if (what == "crash")
      co_await ta::run_in_process(crash_here);
    else if (what == "throw")
      co_await ta::run_in_process(throw_here);
    else if (what == "unregistered")
      co_await ta::run_in_process(unknown_to_the_registry);
    else if (what == "idempotent")
      co_return std::to_string(co_await ta::run_in_process(dies_once, file));
    else if (what == "captured")
      co_return (co_await ta::run_in_process(ta::capture_output(print_here), "hello")).output.out;
  } catch (const ta::worker_lost& lost) {
    co_return "lost by signal " + std::to_string(lost.term_signal()) + ": " + lost.what();
  } catch (const std::system_error& error) {
    co_return (error.code() == ta::errc::unknown_task ? "unknown: " : "?: ") + std::string{error.what()};
  } catch (const ta::remote_error& error) {
    co_return error.what();
  }
  co_return "nothing";
}
/// The file is there with all that is in it, or not at all: its writer may be killed as soon as it is there.
void leave_own_process(const std::string& file) {
  std::ofstream{file + ".new"} << own_process() << std::endl;
  std::filesystem::rename(file + ".new", file);
}
ta::task<void> hold(std::string file) {
  leave_own_process(file);
  for (;;)
    co_await ta::sleep_for(1h);
}
void hold_on(const std::string& file) {
  std::signal(SIGTERM, SIG_IGN);
  leave_own_process(file);
  for (;;)
    ::pause();
}
ta::task<void> hold_two(std::string folder, bool stubborn) {
  auto one = [&](std::string name) -> ta::task<void> {
    if (stubborn)
      co_await ta::run_in_process(hold_on, folder + "/" + name);
    else
      co_await ta::run_in_process(hold, folder + "/" + name);
  };
  std::vector<std::string> names{"a", "b"};
  co_await ta::gather({}, one, names);
}
ta::task<bool> stop_waiting(std::string file, int milliseconds) {
  const auto limit = std::chrono::milliseconds{milliseconds};
  const bool done = co_await ta::move_on_after(limit, ta::run_in_process(hold_on, file));
  co_return !done;
}
ta::task<void> die_beside(std::string file) {
  auto die = [file]() -> ta::task<void> {
    while (!std::filesystem::exists(file))
      co_await ta::sleep_for(1ms);
    ::_exit(4);
  };
  co_await ta::when_all(die(), ta::run_in_process(hold_on, file));
}
TASKACTOR_REGISTER(chain);
TASKACTOR_REGISTER(fib);
TASKACTOR_REGISTER(square);
TASKACTOR_REGISTER(sum_of_squares);
TASKACTOR_REGISTER(crash_here);
TASKACTOR_REGISTER(throw_here);
TASKACTOR_REGISTER(print_here);
TASKACTOR_REGISTER_AS(dies_once, "dies_once", {.idempotent = true});
TASKACTOR_REGISTER(outcome_there);
TASKACTOR_REGISTER(hold);
TASKACTOR_REGISTER(hold_on);
TASKACTOR_REGISTER(hold_two);
TASKACTOR_REGISTER(stop_waiting);
TASKACTOR_REGISTER(die_beside);

struct nested_test {
  test::temporary_directory folder;

  std::string path(const char* name) const { return folder / name; }
  std::string outcome(ta::task_manager& tasks, const char* what) const {
    return tasks.run_in_process({}, outcome_there, what, path("file")).value().get();
  }
  pid_t wait_for_process(const char* name) const {
    for (pid_t id = 0;;)
      if (std::ifstream{path(name)} >> id)
        return id;
  }
  /// With one token: which of the two comes first is not said.
  pid_t wait_for_one_of(const char* name, const char* other) const {
    for (pid_t id = 0;;)
      if (std::ifstream{path(name)} >> id || std::ifstream{path(other)} >> id)
        return id;
  }
  static bool gone(pid_t id) { return ::kill(id, 0) != 0; }
  static void check_quiet(ta::task_manager& tasks) {
    BOOST_TEST(tasks.statistics().process.in_use == 0u);
    BOOST_TEST(tasks.statistics().process.waiting == 0u);
    BOOST_TEST(tasks.statistics().workers.busy == 0u);
  }
};

} // namespace nested_calls

BOOST_FIXTURE_TEST_SUITE(nested_calls, nested_test)

BOOST_AUTO_TEST_CASE(each_level_runs_in_a_worker_of_the_parent_s_with_one_token) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const auto processes = tasks.run_in_process({}, chain, 5).value().get();
  BOOST_TEST(processes.size() == 6u);
  BOOST_TEST((std::set<int>(processes.begin(), processes.end())).size() == 6u);
  BOOST_TEST(tasks.statistics().workers.started == 6u);
  BOOST_TEST(tasks.run_in_process({}, fib, 7).value().get() == 13);
  check_quiet(tasks);
}

BOOST_AUTO_TEST_CASE(gathers_in_workers_end_with_any_number_of_tokens) {
  for (const std::size_t capacity : {1U, 2U, 5U}) {
    ta::task_manager tasks{{.process_capacity = capacity}};
    auto one = tasks.run_in_process({}, sum_of_squares, 20, 0).value();
    auto two = tasks.run_in_process({}, sum_of_squares, 4, 2).value();
    BOOST_TEST(one.get() == 2870);
    BOOST_TEST(two.get() == sum_here(4, 2));
    check_quiet(tasks);
  }
}

BOOST_AUTO_TEST_CASE(what_becomes_of_a_nested_call_is_known_to_its_body) {
  ta::task_manager tasks{{.process_capacity = 1}};
  BOOST_TEST(outcome(tasks, "crash").find("lost by signal 6: ") == 0u, outcome(tasks, "crash"));
  BOOST_TEST(outcome(tasks, "throw") == "std::domain_error: no such thing");
  BOOST_TEST(outcome(tasks, "unregistered").find("unknown: ") == 0u);
  BOOST_TEST(outcome(tasks, "captured") == "hello\n");
  BOOST_TEST(outcome(tasks, "idempotent") == "7");
  check_quiet(tasks);
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_s_own_calls_are_cancelled_and_awaited) {
  for (const bool stubborn : {false, true}) {
    std::filesystem::remove(path("a"));
    std::filesystem::remove(path("b"));
    ta::task_manager tasks{{.process_capacity = 2, .cancel_grace = 200ms}};
    auto h = tasks.run_in_process({.id = "x"}, hold_two, folder.path(), stubborn).value();
    const auto a = wait_for_process("a"), b = wait_for_process("b");
    BOOST_CHECK(tasks.cancel_and_wait("x") == ta::cancel_reply::requested);
    BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
    // Killed ones may still be on their way out; and the last thing that comes back is a token.
    for (auto now = tasks.statistics(); now.workers.busy + now.process.in_use != 0; now = tasks.statistics())
      std::this_thread::yield();
    if (stubborn)
      BOOST_TEST((gone(a) && gone(b)));
    check_quiet(tasks);
  }
}

BOOST_AUTO_TEST_CASE(a_scope_in_a_worker_ends_its_calls_by_the_parent_s_grace) {
  ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 100ms}};
  for (int limit = 20; !std::filesystem::exists(path("a")); limit *= 2) // until it has begun by then
    BOOST_TEST(tasks.run_in_process({}, stop_waiting, path("a"), limit).value().get());
  BOOST_TEST(gone(wait_for_process("a")));
  check_quiet(tasks);
}

BOOST_AUTO_TEST_CASE(a_scope_in_a_worker_ends_though_there_is_no_token_to_go_on_with) {
  bool tested = false;
  for (int limit = 1000; !tested && limit < 20'000; limit *= 2) { // until it has begun by then
    std::filesystem::remove(path("a"));
    ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 100ms}};
    auto h = tasks.run_in_process({}, stop_waiting, path("a"), limit).value();
    pid_t nested = 0;
    while (!h.finished() && !(std::ifstream{path("a")} >> nested))
      std::this_thread::yield();
    tasks.resize(ta::limiter_kind::process, 0);
    tested = nested != 0 && !h.finished();
    BOOST_TEST(h.wait_for(60s));
    BOOST_TEST(h.get());
    BOOST_TEST((nested == 0 || gone(nested)));
    check_quiet(tasks);
  }
  BOOST_TEST(tested);
}

BOOST_AUTO_TEST_CASE(who_dies_takes_its_own_calls_with_it) {
  ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 1h}};
  auto h = tasks.run_in_process({}, die_beside, path("a")).value();
  BOOST_CHECK_THROW(h.wait_outcome().value(), ta::worker_lost);
  BOOST_TEST(gone(wait_for_process("a")));
  check_quiet(tasks);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_calls_of_calls) {
  ta::task_manager tasks{{.process_capacity = 1}};
  auto h = tasks.run_in_process({}, hold_two, folder.path(), true).value();
  const auto first = wait_for_one_of("a", "b");
  BOOST_TEST(tasks.shutdown({.drain = 0s, .cancel = 10ms, .kill = 10s}).clean());
  BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
  BOOST_TEST(gone(first));
}

BOOST_AUTO_TEST_SUITE_END()
