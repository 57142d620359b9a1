// External commands as tasks: real processes, few and short.
#include "lifecycle/bodies.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>

using namespace test;

BOOST_AUTO_TEST_SUITE(commands)

namespace {

struct world {
  ta::task_manager tasks{{.process_capacity = 4, .cancel_grace = 1min}};

  ta::command_result run(ta::command_line argv, ta::command_options options = {}) {
    return tasks.run_command({}, std::move(argv), std::move(options)).value().get();
  }
  std::error_code refusal(ta::command_line argv, ta::command_options options = {}) {
    try {
      run(std::move(argv), std::move(options));
    } catch (const std::system_error& error) {
      return error.code();
    }
    return {};
  }
};

bool no_children_left() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

/// No such process, or a dead orphan that init hasn't collected yet. A kill takes its moment: bounded.
bool gone(int pid) {
  for (const auto bound = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < bound;) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string id, name, state;
    if (!(file >> id >> name >> state) || state == "Z" || state == "X")
      return true;
    std::this_thread::yield();
  }
  return false;
}

/// A script that goes on until it is ended, and says, beside its output, when it has come so far.
class started_script {
public:
  explicit started_script(std::string script) : script_(std::move(script)) {
    BOOST_REQUIRE(::mkfifo(gate().c_str(), 0600) == 0);
  }
  ta::command_line command() const {
    return {"sh", "-c", script_ + "; echo > " + gate() + "; exec sleep 1000"};
  }
  void wait_started() const { std::ifstream{gate()}.get(); }

private:
  std::string gate() const { return folder_ / "gate"; }

  std::string script_;
  test::temporary_directory folder_;
};

/// Its clock starts before its process does: the time is doubled until the script has said "ready" within it.
ta::command_result ended_when_ready(world& w, const std::string& script, ta::command_options options) {
  for (auto limit = 100ms;; limit *= 2) {
    options.timeout = limit;
    auto result = w.run({"sh", "-c", script}, options);
    if (result.out == "ready\n" || limit > 30s)
      return result;
  }
}

/// Waits until a line of a command's output has come.
class first_line {
public:
  ta::command_options options() {
    ta::command_options result;
    result.on_line = [this](ta::output_stream, std::string_view line) {
      const std::lock_guard lock{mutex_};
      if (line_.empty())
        line_ = line;
      changed_.notify_all();
    };
    return result;
  }
  std::string wait() {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 20s, [this] { return !line_.empty(); });
    return line_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string line_;
};

} // namespace

BOOST_AUTO_TEST_CASE(exit_codes_signals_and_output_are_data) {
  world w;
  const auto bad = w.run({"sh", "-c", "echo out; echo err >&2; exit 7"});
  BOOST_TEST(bad.exit_code == 7);
  BOOST_TEST(bad.out == "out\n");
  BOOST_TEST(bad.err == "err\n");
  const auto killed = w.run({"sh", "-c", "kill -9 $$"});
  BOOST_TEST(killed.term_signal == SIGKILL);
  BOOST_TEST(killed.describe() == "killed by signal 9 (KILL)");
  BOOST_TEST(w.run({"cat"}, {.stdin_data = "hello"}).out == "hello");
  BOOST_TEST(w.run({"sh", "-c", "echo $GREETING; pwd"}, {.env = {{"GREETING", "hi"}}, .cwd = "/"}).out
             == "hi\n/\n");
  BOOST_TEST(w.run({"sh", "-c", "echo to-stdout > /dev/stdout"}).out
             == "to-stdout\n"); // a pipe, not a socket
}

BOOST_AUTO_TEST_CASE(what_can_not_be_started_is_an_error_with_the_reason) {
  world w;
  BOOST_CHECK(w.refusal({"no-such-program-here"}) == ta::errc::command_not_found);
  BOOST_CHECK(w.refusal({"/etc/passwd"}) == ta::errc::command_not_executable);
  BOOST_CHECK(w.refusal({"/"}) == ta::errc::command_not_executable);
  BOOST_CHECK(w.refusal({}) == ta::errc::invalid_argument);
  BOOST_CHECK(w.refusal({"true"}, {.timeout = -1s}) == ta::errc::invalid_argument);
  BOOST_CHECK(w.refusal({"true"}, {.cwd = "/no/such/folder"}) == ta::errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_command_with_a_time_of_its_own_is_ended_and_its_output_kept) {
  world w;
  const auto late = ended_when_ready(w, "echo ready; sleep 1000", {});
  BOOST_TEST(late.timed_out);
  BOOST_TEST(late.out == "ready\n");
  BOOST_TEST(late.term_signal == SIGTERM);
  BOOST_TEST(w.run({"true"}, {.timeout = 0s}).timed_out);
  BOOST_TEST(!w.run({"true"}, {.timeout = 10s}).timed_out);
}

BOOST_AUTO_TEST_CASE(a_body_can_learn_how_its_cancelled_command_ended_and_what_it_had_printed) {
  const auto end_of = [](bool by_deadline, std::chrono::nanoseconds limit) {
    world w;
    const started_script script{"echo printed; echo wrong >&2"};
    std::optional<ta::command_result> seen;
    const auto body = [&seen](ta::command_line argv) -> ta::task<void> {
      try {
        (void)co_await ta::run_command(std::move(argv));
      } catch (const ta::cancelled_command& ended) {
        seen = ended.result;
        throw;
      }
    };
    auto h = w.tasks.add_task({.id = "x", .timeout = limit}, body, script.command()).value();
    if (!by_deadline) {
      script.wait_started();
      BOOST_CHECK(w.tasks.cancel_and_wait("x") == ta::cancel_reply::requested);
    }
    h.wait();
    BOOST_CHECK(h.state() == (by_deadline ? ta::state::timed_out : ta::state::cancelled));
    BOOST_TEST(w.tasks.shutdown({.drain = 5s}).clean());
    return seen;
  };
  for (const bool by_deadline : {false, true}) {
    std::chrono::nanoseconds limit = by_deadline ? std::chrono::nanoseconds{500ms} : ta::no_timeout;
    auto seen = end_of(by_deadline, limit);
    while (by_deadline && limit < 30s && (!seen || seen->err.empty())) // it hadn't begun by then
      seen = end_of(by_deadline, limit *= 2);
    BOOST_REQUIRE(seen.has_value());
    BOOST_TEST(seen->term_signal == SIGTERM);
    BOOST_TEST(seen->out == "printed\n");
    BOOST_TEST(seen->err == "wrong\n");
    BOOST_TEST(!seen->timed_out);
  }
}

BOOST_AUTO_TEST_CASE(a_command_that_is_cancelled_before_its_start_has_no_result) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const started_script script{":"};
  auto first = tasks.run_command({.id = "first"}, script.command()).value();
  script.wait_started();
  bool plain = false;
  std::promise<void> begun;
  const auto body = [&]() -> ta::task<void> {
    begun.set_value();
    try {
      (void)co_await ta::run_command({"true"});
    } catch (const ta::cancelled_command&) {
      throw;
    } catch (const ta::cancelled_error&) {
      plain = true;
      throw;
    }
  };
  auto second = tasks.add_task({.id = "second"}, body).value();
  begun.get_future().wait();
  BOOST_CHECK(tasks.cancel_and_wait("second") == ta::cancel_reply::requested);
  BOOST_TEST(plain);
  tasks.cancel_and_wait("first");
}

BOOST_AUTO_TEST_CASE(a_command_that_ignores_term_is_killed_after_its_grace) {
  world w;
  const auto rude
      = ended_when_ready(w, "trap '' TERM; echo ready; while :; do sleep 1000; done", {.grace = 50ms});
  BOOST_TEST(rude.out == "ready\n");
  BOOST_TEST(rude.timed_out);
  BOOST_TEST(rude.term_signal == SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_cancelled_commands_whole_group_is_ended) {
  world w;
  first_line child;
  auto h
      = w.tasks.run_command({.id = "x"}, {"sh", "-c", "sleep 1000 & echo $!; wait"}, child.options()).value();
  const int pid = std::stoi(child.wait());
  BOOST_CHECK(w.tasks.cancel_and_wait("x") == ta::cancel_reply::requested);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone(pid));
}

BOOST_AUTO_TEST_CASE(a_command_that_closes_its_output_or_forks_away_ends_when_its_first_process_does) {
  world w;
  BOOST_TEST(w.run({"sh", "-c", "exec >&- 2>&-; exit 4"}).exit_code == 4);
  const auto left = w.run({"sh", "-c", "sleep 1000 & echo $!"}); // its child holds the pipe
  BOOST_TEST(left.success());
  BOOST_TEST(gone(std::stoi(left.out)));
  const auto away = w.run({"sh", "-c", "setsid sleep 2 & echo away"}); // out of reach, and not waited for
  BOOST_TEST(away.out == "away\n");
}

BOOST_AUTO_TEST_CASE(never_more_processes_than_tokens_and_all_tokens_come_back) {
  ta::task_manager tasks{{.process_capacity = 2}};
  std::vector<ta::handle<ta::command_result>> handles;
  std::size_t most = 0;
  for (int i = 0; i < 40; ++i) {
    handles.push_back(tasks.run_command({}, {"true"}).value());
    most = std::max(most, tasks.statistics().process.in_use);
  }
  for (auto& h : handles)
    BOOST_TEST(h.get().success());
  BOOST_TEST(most <= 2u);
  BOOST_TEST(tasks.statistics().process.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(what_a_line_handler_throws_is_kept_and_harms_nobody) {
  world w;
  ta::command_options options;
  options.on_line = [](ta::output_stream, std::string_view) { throw std::runtime_error{"handler"}; };
  const auto result = w.run({"echo", "x"}, options);
  BOOST_TEST(result.success());
  BOOST_CHECK_THROW(std::rethrow_exception(result.handler_error), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_shutdown_leaves_no_process) {
  first_line child;
  int pid = 0;
  {
    ta::task_manager tasks;
    (void)tasks.run_command({}, {"sh", "-c", "echo $$; trap '' TERM; while :; do sleep 1000; done"},
                            child.options());
    pid = std::stoi(child.wait());
    BOOST_TEST(tasks.shutdown({.drain = 0s, .cancel = 50ms, .kill = 5s}).clean());
  }
  BOOST_TEST(gone(pid));
  BOOST_TEST(no_children_left());
}

BOOST_AUTO_TEST_SUITE_END()
