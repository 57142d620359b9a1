/// `started_command_state`: a command that its task talks to, from its start to its end.
///
///     runs --begin_end (the object has gone, `stop`, its time is up)--> ending --the grace is over--> killed
///       \_________________________ its process has ended ____________________________/---> over
///
/// No body waits through these: it may do anything meanwhile, or be over. An actor, the alarm, has the
/// clocks. The task ends after the command (`join_before_exit`).
///
/// Threads: any.
#pragma once

#include "command/command_call.hpp"
#include "command/command_ends.hpp"

#include <taskactor/detail/ref.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace taskactor::detail {

class started_command_state final : public command_call {
public:
  struct clocks {
    std::chrono::nanoseconds timeout, grace;
  };
  started_command_state(context& owner, std::string program, command_spec spec, clocks with)
      : command_call(owner, std::move(spec)), clocks_(with), program_(std::move(program)) {}

  /// Its program runs. Hides the base's, which is true as soon as a start is asked for.
  bool started() const noexcept { return child_call::started() && running_.load(std::memory_order_acquire); }
  /// By the body that has waited for the start: its timeout counts from now on.
  void begin_clock() noexcept;
  pid_t pid() const noexcept { return pid_; }
  talk_ends take_pipes() noexcept { return std::move(pipes_); }
  const std::string& program() const noexcept { return program_; }

  /// Sends this very signal. Returns 0, or an `errno`.
  int send(int number, signal_target to) noexcept;
  /// It is to end. Once.
  void begin_end() noexcept { begin_end(false); }
  /// When it is over there is a result.
  command_ends& ends() noexcept { return ends_; }
  /// False: there is nothing left to do at any time.
  bool on_alarm() noexcept;

private:
  // -- on the server's thread -----------------------------------------------
  void talks(talk_ends ends) noexcept override { pipes_ = std::move(ends); }
  void runs(pid_t pid) noexcept override;
  void concluded() noexcept override;

  /// The body is over, or killed.
  void abandon() noexcept override;
  void begin_end(bool time_up) noexcept;
  void end_group(int number) noexcept;
  void set_alarm(time_point due) noexcept;

  const clocks clocks_;
  const std::string program_;
  std::atomic<bool> running_{false};
  pid_t pid_ = 0;   // until it runs: the server's
  talk_ends pipes_; // the same
  command_ends ends_;
  std::mutex mutex_; // what follows
  caf::actor alarm_; // none until it is needed
  call_clock clock_{};
  enum class phase : std::uint8_t { runs, ending, killed } phase_ = phase::runs;
  bool timed_out_ = false;
};

} // namespace taskactor::detail
