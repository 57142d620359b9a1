/// What the tests of commands share: a server on a real actor system, a listener that can be waited for, and
/// the check that nothing is left over: no process, no descriptor.
#pragma once

#include "command/command_server.hpp"
#include "command/spawn.hpp"

#include "support/temporary_directory.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/wait.h>

namespace process_test {

using namespace taskactor;
using namespace taskactor::detail;
using namespace std::chrono_literals;
using test::temporary_directory;

/// For `command_options::env`.
using variables = std::vector<std::pair<std::string, std::string>>;

/// Longer than anything takes on a busy machine.
inline constexpr auto patience = 60s;

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Hears of one command.
class recorder final : public command_listener {
public:
  struct failure {
    errc code;
    std::string message;
  };

  void on_started(pid_t pid) noexcept override {
    note([&] { started_ = pid; });
  }
  void on_start_failed(errc code, std::string message) noexcept override {
    note([&] { failure_ = {code, std::move(message)}, ++finals_; });
  }
  void on_exit(command_result result) noexcept override {
    note([&] { result_ = std::move(result), ++finals_; });
  }

  pid_t wait_started() { return wait(started_); }
  command_result wait_exit() { return wait(result_); }
  failure wait_failure() { return wait(failure_); }
  /// The end, whichever it is.
  void wait_end() {
    std::unique_lock lock{mutex_};
    BOOST_REQUIRE(changed_.wait_for(lock, patience, [&] { return finals_ > 0; }));
  }
  int finals() {
    std::lock_guard lock{mutex_};
    return finals_;
  }
  bool was_started() {
    std::lock_guard lock{mutex_};
    return started_.has_value();
  }

private:
  template <class F>
  void note(F&& what) {
    std::lock_guard lock{mutex_};
    what();
    changed_.notify_all();
  }
  template <class T>
  T wait(const std::optional<T>& what) {
    std::unique_lock lock{mutex_};
    BOOST_REQUIRE_MESSAGE(changed_.wait_for(lock, patience, [&] { return what || finals_ > 0; }),
                          "no call came");
    BOOST_REQUIRE_MESSAGE(what, "it ended otherwise: " << (failure_ ? failure_->message : "by an exit"));
    return *what;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<pid_t> started_;
  std::optional<command_result> result_;
  std::optional<failure> failure_;
  int finals_ = 0;
};

/// A line that a command writes when it is ready for what comes next.
class ready_line {
public:
  explicit ready_line(std::string expected = "ready") : expected_(std::move(expected)) {}
  std::function<void(output_stream, std::string_view)> listener() {
    return [this](output_stream, std::string_view line) {
      if (line == expected_)
        seen_.set_value();
    };
  }
  void wait() { BOOST_REQUIRE(seen_.get_future().wait_for(patience) == std::future_status::ready); }

private:
  std::string expected_;
  std::promise<void> seen_;
};

/// Sees the end of a process that isn't our child.
class end_witness {
public:
  explicit end_witness(pid_t pid) {
    try {
      process_ = open_process(pid);
    } catch (const std::system_error& error) {
      BOOST_REQUIRE(error.code() == std::errc::no_such_process);
    }
  }
  bool sees_end() const {
    pollfd polled{process_.get(), POLLIN, 0};
    return !process_ || ::poll(&polled, 1, std::chrono::milliseconds{patience}.count()) == 1;
  }

private:
  unique_fd process_;
};

/// Ignores a signal as long as it lives.
class ignored_signal {
public:
  explicit ignored_signal(int signal) : signal_(signal), before_(std::signal(signal, SIG_IGN)) {}
  ~ignored_signal() { std::signal(signal_, before_); }

private:
  int signal_;
  void (*before_)(int);
};

struct server_fixture {
  server_fixture() {
    descriptors = open_descriptors();
    server = command_server::create(system);
  }
  ~server_fixture() {
    server->stop();
    server.reset();
    BOOST_TEST(open_descriptors() == descriptors);
    BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
    BOOST_TEST(errno == ECHILD);
  }

  std::pair<std::uint64_t, std::shared_ptr<recorder>> start(command_line argv, command_options options = {}) {
    auto listener = std::make_shared<recorder>();
    const auto key = server->start({std::move(argv), std::move(options)}, listener);
    return {key, listener};
  }
  command_result run(command_line argv, command_options options = {}) {
    return start(std::move(argv), std::move(options)).second->wait_exit();
  }
  command_result run_shell(std::string script, command_options options = {}) {
    return run({"sh", "-c", std::move(script)}, std::move(options));
  }
  recorder::failure fail(command_line argv, command_options options = {}) {
    const auto listener = start(std::move(argv), std::move(options)).second;
    const auto failure = listener->wait_failure();
    BOOST_TEST(!listener->was_started());
    return failure;
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  std::size_t descriptors = 0;
  std::shared_ptr<command_server> server;
};

} // namespace process_test
