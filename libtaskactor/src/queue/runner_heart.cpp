#include "queue/runner_heart.hpp"

#include "queue/store_text.hpp"
#include "queue/this_machine.hpp"

#include <taskactor/registry.hpp>

#include <algorithm>
#include <iterator>

namespace taskactor::detail {

runner_heart::runner_heart(const runner_plan& plan, runner_part_statistics& counts, std::uint64_t incarnation)
    : plan_(plan), key_{plan.name, incarnation}, part_(counts, plan.decides) {
  find_tasks();
}

/// Libraries may have brought more.
void runner_heart::find_tasks() {
  const auto all = registry::global().list();
  if (tasks_ && all.size() == registered_)
    return;
  known_tasks known;
  for (const auto* each : all) {
    if (check_name("task", each->name()))
      continue; // no job is of it, and a store couldn't be told of it
    known.emplace(each->name(), std::string{});
    if (!check_text("version", each->version(), longest_name))
      known.emplace(each->name(), each->version());
  }
  tasks_ = std::make_shared<const known_tasks>(std::move(known));
  registered_ = all.size();
}

runner_beat runner_heart::send(std::vector<queue_share> shares, std::vector<claim_note> notes, bool leaves,
                               time_point now, std::chrono::nanoseconds boot_now) {
  const auto& here = this_machine::get();
  find_tasks();
  std::move(notes.begin(), notes.end(), std::back_inserter(under_way_));
  part_.begin();
  due_ = after(now, plan_.beat);
  sent_ = boot_now;
  sent_by_ = key_.incarnation;
  return {.runner = key_,
          .host = here.host,
          .boot_id = here.boot_id,
          .pid = here.pid,
          .process_start = here.start,
          .shares = std::move(shares),
          .tasks = tasks_,
          .notes = under_way_,
          .leaves = leaves};
}

bool runner_heart::answered(const expected<beat_reply>& got, time_point now) {
  if (!part_.end(got, now)) {
    due_ = now; // as soon as it may
    steady_ = false;
    return false;
  }
  under_way_.clear();
  if (sent_by_ != key_.incarnation) { // it says nothing of this one
    due_ = now;
    return false;
  }
  if (got->fenced)
    return true;
  const auto before = std::exchange(fence_at_, plus(sent_, plan_.fence));
  steady_ = !fenced_ && fence_at_ - before <= 2 * plan_.beat;
  fenced_ = false;
  return true;
}

void runner_heart::be_another(std::uint64_t incarnation) {
  key_.incarnation = incarnation;
  due_ = {};
  fence_at_ = {};
  fenced_ = true;
  steady_ = false;
}

bool runner_heart::has_passed(std::chrono::nanoseconds boot_now) noexcept {
  return boot_now >= fence_at_ && !std::exchange(fenced_, true);
}

} // namespace taskactor::detail
