/// `runner_heart`: that a runner lives, as the store sees it, and what it may do as long as that is so.
///
///     beat sent --confirmed--> the fence is moved to `fence` after the time it was sent at
///     beat sent --it was taken for lost--> another incarnation, and nothing of the last one's is its own
///     the fence passes --> nothing begins, bodies end, until a beat is confirmed
///
/// Decides; `runner_core` does it. The runner's thread alone.
#pragma once

#include "queue/runner_part.hpp"
#include "queue/runner_plan.hpp"
#include "queue/store_backend.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace taskactor::detail {

class runner_heart {
public:
  runner_heart(const runner_plan& plan, runner_part_statistics& counts, std::uint64_t incarnation);

  const runner_key& key() const noexcept { return key_; }
  const runner_part& part() const noexcept { return part_; }
  const std::shared_ptr<const known_tasks>& tasks() const noexcept { return tasks_; }
  /// When there is something to tell the store, at the latest.
  void tell_by(time_point when) noexcept { due_ = std::min(due_, when); }
  bool is_due(time_point now) const noexcept { return now >= due_ && part_.may_begin(now); }
  time_point due() const noexcept { return std::max(due_, part_.not_before()); }

  /// What is to be sent. `notes`: those that a failed one had are before them.
  runner_beat send(std::vector<queue_share> shares, std::vector<claim_note> notes, bool leaves,
                   time_point now, std::chrono::nanoseconds boot_now);
  /// True: it has come to the store, whatever that said.
  bool answered(const expected<beat_reply>& got, time_point now);
  void be_another(std::uint64_t incarnation);

  /// Of the last beat that was confirmed, by CLOCK_BOOTTIME.
  std::chrono::nanoseconds fence_at() const noexcept { return fence_at_; }
  /// It has just passed: bodies are to end. Once.
  bool has_passed(std::chrono::nanoseconds boot_now) noexcept;
  bool is_fenced() const noexcept { return fenced_; }
  /// Two beats in a row have been confirmed in time: what this runner saw of others in between counts.
  bool is_steady() const noexcept { return steady_; }

private:
  void find_tasks();

  const runner_plan& plan_;
  runner_key key_;
  runner_part part_;
  std::shared_ptr<const known_tasks> tasks_;
  std::size_t registered_ = 0;
  time_point due_{}; // at once
  std::vector<claim_note> under_way_;
  std::chrono::nanoseconds sent_{}, fence_at_{};
  std::uint64_t sent_by_ = 0; // the incarnation
  bool fenced_ = true, steady_ = false;
};

} // namespace taskactor::detail
