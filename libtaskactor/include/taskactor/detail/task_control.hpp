/// `detail::task_control`: how the threads around a task agree on what becomes of it. Not for users.
///
///     control        whether it was asked to end (cancel, kill), and whether its end is decided
///     state, reason  for whoever looks; only the manager writes an end state
///     token          whether it has its token: see token_state.hpp
///     notifications  from the task's body to the manager
///
/// `decide()` is the one point where the end of a task is settled: the body that finishes, the deadline and
/// the kill all race for it, and exactly one writes the outcome (rules 2, 8 and 9).
///
/// Threads: any; all of it is atomic, but for the link of the list of notifications.
#pragma once

#include <taskactor/detail/token_state.hpp>
#include <taskactor/state.hpp>
#include <taskactor/time_span.hpp>

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

class record;

class task_control {
public:
  /// Further bits are in phase.hpp.
  static constexpr std::uint64_t cancel_bit = 1, kill_bit = 2, decided_bit = 4, failed_group_bit = 16;
  /// Of slots: `review` has decided, and delivers; the count of items begins above these bits.
  static constexpr std::uint64_t reviewed_bit = 8, generation_one = 512;
  std::atomic<std::uint64_t> control{0};
  std::atomic<taskactor::state> state{taskactor::state::queued};
  std::atomic<end_reason> reason{end_reason::none};
  token_state token; // of the global limiter; of a claim: it has its tokens
  std::atomic<bool> overrunning{false};

  /// The body's, until the manager has read it: see lifecycle/notification_list.hpp, which links tasks by
  /// `told_before`.
  static constexpr std::uint8_t moves_token = 1, has_ended = 4;
  std::atomic<std::uint8_t> notifications{0};
  record* told_before = nullptr;

  /// True for exactly one caller per body.
  bool decide() noexcept {
    return (control.fetch_or(decided_bit, std::memory_order_acq_rel) & decided_bit) == 0;
  }
  bool decided() const noexcept { return (control.load(std::memory_order_acquire) & decided_bit) != 0; }

protected:
  task_control() = default;
  ~task_control() = default;
};

/// When a task began and ended, and until when its body may run; for any thread, as counts of the clock.
class task_times {
public:
  std::atomic<clock::rep> started_at{0}, ended_at{0}, deadline_at{clock::duration::max().count()};

protected:
  task_times() = default;
  ~task_times() = default;
};

} // namespace taskactor::detail
