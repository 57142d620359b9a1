#include "job_scheduler/schedule_look.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

#include <sys/random.h>

namespace taskactor::detail {

namespace {

/// One that waits is looked at again after an eighth of how long it has waited: what its job's end costs it
/// is a part of what it has waited anyway.
constexpr std::chrono::seconds first_look{1}, longest_look{30};
constexpr int part_of_wait = 8;
/// For one whose next fire isn't known, since its zone's data ends before.
constexpr std::chrono::hours look_for_fires{1};

class stepping {
public:
  stepping(const known_schedule& which, store_time now) : which_(which), now_(now) {
    made_.then = which.progress;
  }

  void begin_waiting() {
    auto& waiting = made_.then.waiting;
    if (waiting && has_room()) {
      begin(waiting->at);
      waiting.reset();
    }
  }
  void begin_due() {
    auto& then = made_.then;
    if (then.paused)
      return;
    if (!then.next && then.next.why != no_fire::over) // zones may be known by now
      then.next = which_.spec.when.next(then.passed, which_.name());
    if (!then.next || then.next->due > now_)
      return;
    const auto due = fires_due(which_.spec.when, which_.name(), *then.next, now_, which_.spec.late);
    made_.missed = due.missed;
    made_.first_missed = due.first_missed;
    made_.last_missed = due.last_missed;
    then.missed += due.missed;
    for (const auto& each : due.to_do)
      if (const auto* const why = fire_one(each))
        skip(each, why);
    then.passed = std::max(then.passed, due.passed);
    then.next = due.next;
  }
  /// Null: it begins, or waits; else why it does neither.
  const char* fire_one(const std::optional<fire>& at) {
    if (has_room() && !made_.then.waiting) {
      begin(at);
      return nullptr;
    }
    if (which_.spec.overlap == overlap_policy::skip)
      return "as many run as may at once";
    if (which_.spec.overlap == overlap_policy::queue_one && made_.then.waiting)
      return "one waits already";
    drop_waiting(made_, "a later one waits");
    made_.then.waiting = {.at = at, .since = now_};
    return nullptr;
  }
  void refuse(const char* why) { made_.refused = why; }
  schedule_step finish() {
    const auto& open = which_.stored->open;
    if (made_.then.waiting && which_.spec.overlap == overlap_policy::cancel_old && !open.empty())
      made_.cancel = open.front();
    return std::move(made_);
  }

private:
  bool has_room() const noexcept {
    return which_.spec.overlap == overlap_policy::allow
           || which_.stored->open.size() + made_.fires.size() < which_.spec.max_instances;
  }
  void begin(const std::optional<fire>& at) {
    made_.fires.push_back(at);
    ++made_.then.fired;
    if (!at)
      return;
    made_.then.last = at->nominal;
    if (which_.spec.late.is_late(*at, now_))
      ++made_.then.made_up;
  }
  void skip(const std::optional<fire>& at, const char* why) {
    made_.skipped.push_back({at, why});
    ++made_.then.skipped;
  }

  const known_schedule& which_;
  const store_time now_;
  schedule_step made_;
};

/// The job of a fire. It has a key in the schedule's scope until it has ended, by which the store knows that
/// it is open; and a request, by which a write that is made again finds it.
new_job job_of(const std::string& name, const schedule_spec& spec, const std::optional<fire>& at,
               std::int64_t stamp, std::size_t number, store_time now) {
  auto job = spec.job;
  job.row.tags.push_back("schedule:" + name);
  job.unique_scope = schedule_scope(name);
  job.unique_key = at ? std::to_string(at->nominal.time_since_epoch().count())
                      : "now " + std::to_string(stamp) + ' ' + std::to_string(number);
  job.until = unique_until::ended;
  const auto put = [&job](std::uint64_t value, int bytes) { // greater ones behind smaller ones
    for (int i = bytes; i-- > 0;)
      job.request += static_cast<char>(value >> (8 * i));
  };
  put(static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()),
      4);
  put(static_cast<std::uint64_t>(stamp), 8);
  put(number, 4);
  return job;
}

} // namespace

known_schedule read_schedule(const stored_schedule& stored) {
  return {.stored = &stored,
          .spec = read_spec(stored.row.name, stored.row.spec),
          .progress = read_progress(stored.row.name, stored.row.state)};
}

schedule_step look_at(const known_schedule& which, store_time now) {
  stepping step{which, now};
  step.begin_waiting();
  step.begin_due();
  return step.finish();
}

schedule_step run_now(const known_schedule& which, store_time now) {
  stepping step{which, now};
  step.begin_waiting();
  step.refuse(step.fire_one({}));
  return step.finish();
}

void drop_waiting(schedule_step& step, const char* why) {
  if (const auto what = std::exchange(step.then.waiting, std::nullopt)) {
    step.skipped.push_back({what->at, why});
    ++step.then.skipped;
  }
}

std::optional<store_time> due_of(const schedule_progress& progress, store_time now) {
  std::optional<store_time> due;
  if (progress.next && !progress.paused)
    due = progress.next->due;
  else if (!progress.paused && progress.next.why != no_fire::over)
    due = now + look_for_fires;
  if (progress.waiting) {
    const auto pause = std::clamp<std::chrono::microseconds>((now - progress.waiting->since) / part_of_wait,
                                                             first_look, longest_look);
    due = std::min(due.value_or(now + pause), now + pause);
  }
  return due;
}

bool is_over(const schedule_progress& progress) noexcept {
  return !progress.next && progress.next.why == no_fire::over && !progress.waiting && !progress.paused;
}

schedule_write write_of(const schedule_row& row, const schedule_spec* spec, const schedule_step& step,
                        store_time now) {
  const auto stamp = random_stamp();
  schedule_write write{.name = row.name, .from = row.stamp, .to = {}, .jobs = {}};
  if (!is_over(step.then))
    write.to = schedule_row{.name = row.name,
                            .stamp = stamp,
                            .due = due_of(step.then, now),
                            .spec = row.spec,
                            .state = text_of(step.then)};
  for (const auto& each : step.fires)
    write.jobs.push_back(job_of(row.name, *spec, each, stamp, write.jobs.size(), now));
  return write;
}

std::int64_t random_stamp() {
  for (;;) {
    std::uint64_t drawn = 0;
    const auto got = ::getrandom(&drawn, sizeof drawn, 0);
    if (got < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "getrandom"};
    drawn >>= 1U;
    if (got == sizeof drawn && drawn != 0)
      return static_cast<std::int64_t>(drawn);
  }
}

} // namespace taskactor::detail
