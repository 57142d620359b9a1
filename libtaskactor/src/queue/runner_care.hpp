/// `runner_care`: what each runner does for all: delayed jobs become ready, jobs of lost runners come back,
/// what needn't be kept is forgotten. Decides when, and what of; `runner_core` asks the store. The runner's
/// thread alone.
#pragma once

#include "queue/runner_part.hpp"
#include "queue/runner_plan.hpp"
#include "queue/store_backend.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace taskactor::detail {

/// The runners of a store, as this one has seen them: a lost one's beat stands still for a whole lease, by
/// this one's own CLOCK_BOOTTIME, or its process has gone from this machine.
class seen_runners {
public:
  /// `counts`: what was seen before does. False: this one was held up itself, and so may others have been.
  std::vector<lost_runner> look(const std::vector<runner_row>& rows, const runner_key& own,
                                std::chrono::nanoseconds lease, std::chrono::nanoseconds boot_now,
                                bool counts);
  /// There are others.
  bool any() const noexcept { return !seen_.empty(); }

private:
  struct sight {
    std::uint64_t beat = 0;
    std::chrono::nanoseconds since{};
  };
  std::map<runner_key, sight> seen_;
};

class runner_care {
public:
  static constexpr std::size_t at_once = 500;

  runner_care(const runner_plan& plan, runner_statistics& counts, time_point now);

  runner_part promote, rescue, prune;
  seen_runners others;

  /// Something has changed in the store: perhaps what is due next.
  void look_soon(time_point now) noexcept;
  /// Perhaps a job that runs was asked to end: the runners' rows say so.
  void look_at_runners_soon(time_point now) noexcept;
  /// As a beat was told.
  void know_others(bool there_are) noexcept { runners_.alone = !there_are; }
  bool wants_promote(time_point now) const noexcept { return now >= promote_at_ && promote.may_begin(now); }
  bool wants_look(time_point now) const noexcept { return now >= look_due() && rescue.may_begin(now); }
  bool wants_prune(time_point now) const noexcept { return now >= prune_at_ && prune.may_begin(now); }
  /// The store is asked for it: when the next time is.
  void began_promote(time_point now) noexcept;
  void began_look(time_point now) noexcept;
  void began_prune(time_point now) noexcept;
  /// How many became ready or ended.
  std::size_t promoted(const expected<promote_reply>& got, time_point now);
  void pruned(const expected<std::size_t>& got, time_point now);

  /// `all`: or what is wanted for the delayed jobs alone.
  time_point due(bool all) const noexcept;
  std::optional<time_point> next_job() const noexcept;
  /// It isn't known yet which delayed job is the next.
  bool is_to_look() const noexcept { return promote.is_under_way() || promote_at_ < next_job_; }

private:
  /// Who is alone has nobody to look after, until a beat says that others have come; unless the last look has
  /// failed.
  time_point look_due() const noexcept {
    const bool rests
        = runners_.alone && !others.any() && !runners_.look_is_asked && rescue.not_before() == time_point{};
    return rests ? time_point::max() : look_at_;
  }

  const runner_plan& plan_;
  time_point promote_at_{}, look_at_{}, prune_at_{}, promoted_at_{}, looked_at_{}, pruned_at_{};
  struct {
    bool alone = false, look_is_asked = false;
  } runners_;
  time_point next_job_ = time_point::max();
};

} // namespace taskactor::detail
