/// `command_call`: one command that a task has asked for, on its way.
#pragma once

#include "base/service_thread.hpp"
#include "command/child_call.hpp"
#include "command/command_service.hpp"
#include "command/output_calls.hpp"
#include "command/talk_ends.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/disposal.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <taskactor/command_pause.hpp>
#include <utility>

#include <sys/types.h>

namespace taskactor::detail {

/// One command on its way: queues for a token, then runs. Keeps its token until the process is reaped (rule
/// 8).
class command_call : public child_call, public output_calls {
public:
  command_call(context& owner, command_spec spec)
      : child_call(owner),
        output_calls(spec.options),
        pause_(content_of(spec.options.pause)),
        spec_(std::move(spec)) {}
  void retain() noexcept override { child_call::retain(); }
  void release() noexcept override { child_call::release(); }

  void on_token() noexcept override;
  void signal(int number) noexcept override {
    asked_.store(number, std::memory_order_seq_cst);
    if (started_.load(std::memory_order_seq_cst))
      commands_of(*task().home).server().signal(key_, number);
  }

  // -- on the server's thread -----------------------------------------------
  void failed(std::exception_ptr why, bool abandoned = false) noexcept {
    error_ = std::move(why);
    abandoned_ = abandoned;
    concluded();
    finish();
  }
  void exited(command_result result) noexcept {
    if (has_handler())
      end(std::move(result));
    else
      all_handed_out(std::move(result));
  }
  bool wants_more(std::uint64_t key) noexcept {
    read_key_.store(key, std::memory_order_relaxed); // before its lock is taken
    return !has_handler() || has_room();
  }
  bool stopped(std::uint64_t key, pid_t pid, int signal) noexcept;
  /// The ends of what its caller talks to it over; then, that its program runs.
  virtual void talks(talk_ends /* ends */) noexcept {}
  virtual void runs(pid_t /* pid */) noexcept {}
  std::chrono::nanoseconds paused() const noexcept {
    return pause_ ? pause_->duration() : std::chrono::nanoseconds{};
  }
  /// It ran, and its result is there to be taken.
  bool exited() const noexcept { return !error_; }
  /// `time_up`: a start that was abandoned because of that is no error of the command's.
  command_result take(bool time_up) {
    if (error_ && !(time_up && abandoned_))
      std::rethrow_exception(error_);
    return std::move(result_);
  }

  const command_result& result() const noexcept { return result_; }

protected:
  /// It is over: what became of it is there, and the token goes back behind this.
  virtual void concluded() noexcept {}
  void set_timed_out() noexcept { result_.timed_out = true; }
  std::uint64_t key() const noexcept { return key_; } // once it has started

private:
  void go_on() noexcept override { commands_of(*task().home).server().read_on(read_key_.load()); }
  void all_handed_out(command_result result) noexcept override {
    result_ = std::move(result);
    concluded();
    finish();
  }
  bool submit_later() noexcept override;
  /// Its handlers are the user's.
  void destroy() noexcept override {
    if (service_thread::is_this() && has_handler())
      task().home->disposals().take(*this);
    else
      delete this;
  }

  const std::shared_ptr<command_pause> pause_; // null: nothing stops its clock
  command_spec spec_;
  std::uint64_t key_ = 0;
  std::atomic<std::uint64_t> read_key_{0};
  std::atomic<int> asked_{0};
  bool abandoned_ = false;
  std::exception_ptr error_;
  command_result result_;
};

/// What both ways to start a command check at once. Errors: `std::system_error`, of
/// `errc::invalid_argument`.
void check_command(const command_line& argv, const command_options& options);
/// What is to be started: takes the descriptors that it is to have. Errors: those of `hold_descriptors`.
command_spec specify_command(command_line argv, command_options options, start_mode mode);

} // namespace taskactor::detail
