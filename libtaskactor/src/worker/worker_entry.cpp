#include <taskactor/worker_entry.hpp>

#include "base/cbor.hpp"
#include "base/unique_fd.hpp"
#include "events/log_relay.hpp"
#include "lifecycle/process_fencing_token.hpp"
#include "task/cbor_value.hpp"
#include "transport/frame.hpp"
#include "worker/call_limits.hpp"
#include "worker/parent_channel.hpp"
#include "worker/program_role.hpp"
#include "worker/worker_protocol.hpp"

#include <taskactor/named_tasks.hpp>
#include <taskactor/task_library.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace taskactor {

namespace {

using namespace detail;

constexpr int library_unloadable = 4;

/// The parent's end is gone: whatever still runs here, runs for nobody.
[[noreturn]] void end_group() noexcept {
  if (::getpgrp() == ::getpid())
    ::kill(0, SIGKILL);
  ::_exit(EXIT_FAILURE);
}

/// The worker's end of the link.
class parent_link {
public:
  explicit parent_link(unique_fd socket) : socket_(std::move(socket)) {}

  /// Threads: any.
  void send(const json& content) { send_frame(make_frame(content)); }
  void send_result(std::uint64_t number, std::string_view result) {
    cbor_writer frame{frame_prefix};
    frame.array(3);
    frame.number(static_cast<std::uint64_t>(worker_frame::result));
    frame.number(number);
    frame.bytes(result);
    send_frame(finish_frame(frame.take()));
  }
  void send_frame(const std::string& frame) {
    const std::lock_guard lock{mutex_};
    std::string_view rest{frame};
    while (!rest.empty()) {
      const auto sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR)
        end_group();
      rest.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
  }

  /// Hands on each frame that comes, until there are no more.
  template <class F>
  void receive(F each) {
    std::array<char, std::size_t{1} << 16> buffer;
    frame_cutter cutter;
    for (;;) {
      const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR)
        continue;
      if (size <= 0 || !cutter.feed({buffer.data(), static_cast<std::size_t>(size)}))
        return;
      while (const auto content = cutter.next())
        if (const auto frame = read_frame(*content))
          each(*frame);
    }
  }

private:
  unique_fd socket_;
  std::mutex mutex_;
};

class worker_program {
public:
  worker_program(unique_fd socket, std::chrono::nanoseconds grace)
      : parent_(std::move(socket)),
        parent_channel_([this](const json& frame) { parent_.send(frame); }, grace),
        log_([this](int level, std::string_view logger, std::string_view text) {
          report_log(level, logger, text);
        }),
        // The parent keeps the time: what its grace leaves of a body, it kills with the process.
        tasks_({.cancel_grace = no_timeout, .blocked_after = std::chrono::nanoseconds{0}}) {}

  int run() {
    const auto progress = tasks_.observe([this](const task_event& what) { report(what); },
                                         {.kinds = {event_kind::progress, event_kind::cancelled}});
    parent_.send({worker_frame::hello, worker_protocol_version});
    parent_.receive([this](const json& frame) { handle(frame); });
    const std::lock_guard lock{mutex_};
    if (running_)
      end_group();
    return EXIT_SUCCESS;
  }

private:
  struct call {
    std::uint64_t number;
    std::string name;
    std::string arguments;
    std::uint64_t fencing_token;
  };

  static std::string text_of(const json::binary_t& bytes) { return {bytes.begin(), bytes.end()}; }

  void handle(const json& frame) {
    const auto number = frame.at(1).get<std::uint64_t>();
    if (frame.at(0) == worker_frame::call)
      take({number, frame.at(2).get<std::string>(), text_of(frame.at(3).get_binary()),
            frame.at(4).get<std::uint64_t>()});
    else if (frame.at(0) == worker_frame::stop && !drop(number, worker_frame::cancelled))
      tasks_.cancel_task(std::to_string(number));
    else if (frame.at(0) == worker_frame::give_back)
      drop(number, worker_frame::returned);
    else if (frame.at(0) == worker_frame::reply)
      parent_channel_.take(frame);
  }

  void take(call what) {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(std::move(what));
    if (!running_)
      begin_next();
  }

  /// True: it hadn't begun, and never will. It is answered before another call can begin.
  bool drop(std::uint64_t number, worker_frame answer) {
    const std::lock_guard lock{mutex_};
    const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                    [number](const call& each) { return each.number == number; });
    if (found == waiting_.end())
      return false;
    waiting_.erase(found);
    parent_.send({answer, number});
    return true;
  }

  /// After the answer to the one before.
  void ended(std::uint64_t number) {
    const std::lock_guard lock{mutex_};
    if (running_ != number)
      return;
    running_.reset();
    limits_.reset();
    begin_next();
  }

  void begin_next() {
    while (!waiting_.empty() && !running_) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      try {
        if (const auto refusal = begin(next))
          parent_.send(
              {worker_frame::refused, next.number, static_cast<int>(refusal->code), refusal->message});
      } catch (...) { // no memory for its arguments, a limit that can't be set, or a conversion's own error
        parent_.send({worker_frame::failed, next.number, describe(std::current_exception())});
      }
      if (!running_)
        limits_.reset();
    }
  }

  /// Why not; empty: it has begun.
  std::optional<rejection> begin(const call& what) {
    const auto found = registry::global().look_up(what.name);
    if (!found)
      return found.error();
    try {
      limits_.emplace((*found)->limits());
      const auto arguments = read_cbor(what.arguments);
      if (!arguments)
        return rejection{errc::bad_arguments, "the arguments are no CBOR"};
      auto body = (*found)->bind(*arguments);
      running_ = what.number;
      current_ = what.number;
      process_fencing_token = what.fencing_token;
      parent_channel_.begin(what.number);
      const auto made = tasks_.add_task({.id = std::to_string(what.number), .timeout = no_timeout},
                                        &worker_program::serve, this, what.number, std::move(body));
      if (made)
        return {};
      running_.reset();
      return made.error();
    } catch (const argument_error& error) {
      return rejection{errc::bad_arguments, message_of(error)};
    }
  }

  /// Runs a call, and answers it: the one thing that a worker's task does.
  static task<void> serve(worker_program* self, std::uint64_t number, std::function<task<json>()> body) {
    std::optional<std::string> result;
    json answer;
    try {
      const json value = co_await body();
      result = sendable(value);
    } catch (const cancelled_error&) {
      answer = {worker_frame::cancelled, number};
    } catch (...) {
      answer = {worker_frame::failed, number, describe(std::current_exception())};
    }
    try {
      if (has_printed())
        self->parent_.send({worker_frame::printed, number});
      if (result)
        self->parent_.send_result(number, *result);
      else
        self->parent_.send(answer);
    } catch (...) { // beyond the limit of a frame, or a conversion's own error
      const json failed{worker_frame::failed, number,
                        std::string{"the result can't be sent: "} + describe(std::current_exception())};
      self->parent_.send(failed);
    }
    self->ended(number);
  }

  /// Errors: `std::length_error` for what a frame can't have in it: the parent would take it for a fault.
  static std::string sendable(const json& value) {
    auto bytes = to_bytes(value);
    if (!is_shallow(bytes))
      throw std::length_error{"the result can't be sent: more than " + std::to_string(frame_depth)
                              + " levels, or a CBOR tag (bytes with a subtype)"};
    return bytes;
  }

  /// True: there is output that the parent hasn't read yet. It is in the pipes, at least.
  static bool has_printed() {
    std::cout.flush();
    std::fflush(stdout);
    int out = 0, err = 0;
    return (::ioctl(STDOUT_FILENO, FIONREAD, &out) == 0 && out > 0)
           || (::ioctl(STDERR_FILENO, FIONREAD, &err) == 0 && err > 0);
  }

  void report_log(int level, std::string_view logger, std::string_view text) {
    parent_.send({worker_frame::log, current_.load(), level, logger, text.substr(0, log_limit)});
  }

  void report(const task_event& what) {
    std::uint64_t number = 0;
    const auto* end = what.id.data() + what.id.size();
    if (std::from_chars(what.id.data(), end, number).ptr != end)
      return; // a part of a call
    if (what.kind == event_kind::progress) {
      parent_.send({worker_frame::progress, number, what.done, what.total, what.text});
    } else { // before it began: else `serve` has answered
      parent_.send({worker_frame::cancelled, number});
      ended(number);
    }
  }

  static constexpr std::size_t log_limit = std::size_t{1} << 16;

  parent_link parent_;
  parent_channel parent_channel_;
  std::atomic<std::uint64_t> current_{0}; // the last that has begun
  log_relay log_;                         // before `tasks_`, which log as well
  std::mutex mutex_;                      // what follows, but for the last
  std::deque<call> waiting_;
  std::optional<std::uint64_t> running_;
  std::optional<call_limits> limits_; // of that
  task_manager tasks_;
};

/// What `load_argument` names; what else there is belongs to the program. Errors: as `load_tasks`.
void load_named(const std::vector<std::string_view>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != load_argument)
      continue;
    if (++i == words.size()) {
      const auto text = load_argument + std::string{": the library is missing"};
      throw_rejection({errc::library_not_loaded, text});
    }
    load_tasks(std::string{words[i]});
  }
}

int run_worker(const std::vector<std::string_view>& words, std::chrono::nanoseconds grace) {
  set_program_role(program_role::worker);
  ::unsetenv(worker_variable);
  ::prctl(PR_SET_NAME, "ta-worker");
  std::setvbuf(stdout, nullptr, _IOLBF, 0); // a crash shall not take what a call has said before it
  constexpr int above_streams = 10;
  unique_fd socket{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, above_streams)};
  const unique_fd nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!socket || !nothing || ::dup2(nothing.get(), STDIN_FILENO) < 0) {
    std::cerr << "taskactor: a worker without a link to its parent: it was not started by run_in_process\n";
    return EXIT_FAILURE;
  }
  try {
    load_named(words);
  } catch (const std::system_error& error) { // the parent reads it as the last words
    std::cerr << "taskactor: " << message_of(error) << '\n';
    static_cast<void>(socket.release()); // the link's end before the process's would be a reason to kill it
    return library_unloadable;
  }
  worker_program program{std::move(socket), grace};
  return program.run();
}

} // namespace

std::optional<int> worker_entry(int argc, char* argv[]) {
  const std::vector<std::string_view> words(argv + std::min(argc, 2), argv + argc);
  const char* const grace = std::getenv(worker_variable);
  if (argc >= 2 && std::string_view{argv[1]} == worker_argument && grace)
    return run_worker(words, std::chrono::nanoseconds{std::strtoll(grace, nullptr, 10)});
  set_program_role(program_role::parent);
  return {};
}

} // namespace taskactor
