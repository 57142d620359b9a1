#include "queue/runner_care.hpp"

#include "queue/this_machine.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// After hints, of which there may be many, the delayed jobs and the runners are looked at so often at most.
constexpr std::chrono::milliseconds between_looks{50};
constexpr std::chrono::milliseconds between_runner_looks{250};
constexpr std::chrono::minutes between_prunes{10};
constexpr std::chrono::minutes first_prune{1};

process_identity process_of(const runner_row& row) {
  return {.host = row.host, .boot_id = row.boot_id, .pid = row.pid, .start = row.process_start};
}

} // namespace

std::vector<lost_runner> seen_runners::look(const std::vector<runner_row>& rows, const runner_key& own,
                                            std::chrono::nanoseconds lease, std::chrono::nanoseconds boot_now,
                                            bool counts) {
  std::map<runner_key, sight> now;
  std::vector<lost_runner> lost;
  for (const auto& row : rows) {
    if (row.runner == own)
      continue;
    sight seen{row.beat, boot_now};
    if (const auto before = seen_.find(row.runner);
        counts && before != seen_.end() && before->second.beat == row.beat)
      seen.since = before->second.since;
    if (boot_now - seen.since >= lease || this_machine::is_gone(process_of(row)))
      lost.push_back({row.runner, row.beat});
    now.emplace(row.runner, seen);
  }
  seen_ = std::move(now);
  return lost;
}

runner_care::runner_care(const runner_plan& plan, runner_statistics& counts, time_point now)
    : promote(counts.promote, plan.decides),
      rescue(counts.rescue, plan.decides),
      prune(counts.prune, plan.decides),
      plan_(plan),
      prune_at_(after(now, plus(first_prune, random_below(plan.decides, first_prune)))) {}

void runner_care::look_soon(time_point now) noexcept {
  promote_at_ = std::min(promote_at_, std::max(now, promoted_at_ + between_looks));
}

void runner_care::look_at_runners_soon(time_point now) noexcept {
  runners_.look_is_asked = true;
  look_at_ = std::min(look_at_, std::max(now, looked_at_ + between_runner_looks));
}

void runner_care::began_promote(time_point now) noexcept {
  promote.begin();
  promoted_at_ = now;
  promote_at_ = time_point::max();
}

void runner_care::began_look(time_point now) noexcept {
  rescue.begin();
  looked_at_ = now;
  runners_.look_is_asked = false;
  look_at_ = after(now, plan_.beat);
}

void runner_care::began_prune(time_point now) noexcept {
  prune.begin();
  pruned_at_ = now;
  prune_at_ = after(now, plus(between_prunes, random_below(plan_.decides, first_prune)));
}

std::size_t runner_care::promoted(const expected<promote_reply>& got, time_point now) {
  if (!promote.end(got, now)) {
    promote_at_ = now; // as soon as it may
    return 0;
  }
  next_job_ = got->next ? after(now, *got->next) : time_point::max();
  promote_at_ = std::min(promote_at_, got->more ? now : next_job_); // there may have been a hint meanwhile
  return got->promoted + got->expired;
}

void runner_care::pruned(const expected<std::size_t>& got, time_point now) {
  // Most of the store's time is others', and yet what ends is forgotten as fast as it comes.
  constexpr int share = 10;
  constexpr std::chrono::milliseconds least{20};
  if (!prune.end(got, now))
    prune_at_ = now; // as soon as it may
  else if (*got >= at_once)
    prune_at_ = after(now, std::max<std::chrono::nanoseconds>(least, share * between(pruned_at_, now)));
}

time_point runner_care::due(bool all) const noexcept {
  const auto delayed = std::max(promote_at_, promote.not_before());
  if (!all)
    return delayed;
  return std::min(
      {delayed, std::max(look_due(), rescue.not_before()), std::max(prune_at_, prune.not_before())});
}

std::optional<time_point> runner_care::next_job() const noexcept {
  return next_job_ == time_point::max() ? std::nullopt : std::optional{next_job_};
}

} // namespace taskactor::detail
