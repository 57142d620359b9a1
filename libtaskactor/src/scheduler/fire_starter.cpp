#include "scheduler/fire_starter.hpp"

#include "base/memory.hpp"
#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// Ids that users have given to tasks of their own.
constexpr int most_taken_ids = 100;

/// Given up when nothing of a fire's body runs any more.
class run_over {
public:
  run_over(std::shared_ptr<ended_runs> tells, ended_runs::run which)
      : tells_(std::move(tells)), which_(std::move(which)) {}
  run_over(const run_over&) = delete;
  run_over& operator=(const run_over&) = delete;
  ~run_over() {
    if (tells_)
      tells_->add(std::move(which_));
  }
  /// It hasn't begun.
  void forget() noexcept { tells_.reset(); }

private:
  std::shared_ptr<ended_runs> tells_;
  ended_runs::run which_;
};

} // namespace

fire_time fire_starter::now() const { return fire_time_of(wall_now(home_.decides())); }

bool fire_starter::is_wanted(event_kind kind) const noexcept { return home_.events().wants(kind); }

void fire_starter::emit(event_kind kind, const schedule_entry& which, const std::string& text) {
  home_.events().emit({.kind = kind, .id = which.name, .at = home_.now(), .text = text});
}

void fire_starter::skip(schedule_entry& which, const wanted_fire& what, const char* why) noexcept {
  ++which.counts.skipped;
  say(event_kind::schedule_skipped, which, [&] {
    return (what.at ? "nominal " + to_rfc3339(what.at->nominal) : std::string{"run now"}) + ": " + why;
  });
}

void fire_starter::drop_waiting(schedule_entry& which, const char* why) noexcept {
  if (const auto what = std::exchange(which.waiting, std::nullopt))
    skip(which, *what, why);
}

fire_starter::result fire_starter::fire(const entry_ptr& which, const wanted_fire& what) noexcept {
  auto& entry = *which;
  if (entry.overlap_is_free() && !entry.waiting)
    return begin(which, what);
  const auto skipped = [&](const char* why) {
    skip(entry, what, why);
    return result{.how = begun::skipped, .why = why};
  };
  if (entry.options.overlap == overlap_policy::skip)
    return skipped("as many run as may at once");
  if (entry.options.overlap == overlap_policy::queue_one && entry.waiting)
    return skipped("one waits already");
  drop_waiting(entry, "a later one waits");
  entry.waiting = what;
  if (entry.options.overlap == overlap_policy::cancel_old)
    cancel_oldest(entry);
  return {.how = begun::waits};
}

void fire_starter::cancel_oldest(schedule_entry& which) noexcept {
  const auto old = std::find_if(which.running.begin(), which.running.end(),
                                [](const auto& each) { return !each.asked_to_end; });
  const bool one_ends = old != which.running.begin(); // for which the next one waits
  if (old == which.running.end() || one_ends)
    return;
  old->asked_to_end = true;
  once_there_is_memory([&] { (void)detail::cancel(home_, *old->task, end_reason::cancel_requested); });
}

fire_starter::result fire_starter::begin(const entry_ptr& which, const wanted_fire& what) noexcept {
  auto& entry = *which;
  const auto at = now();
  const rejection without_memory{errc::queue_full, "out of memory"}; // short: it takes none
  rejection refused = without_memory;
  for (int i = 0; i < most_taken_ids; ++i) {
    const auto number = entry.numbers + 1;
    std::shared_ptr<run_over> run;
    result made{.how = begun::yes};
    refused = without_memory;
    try {
      if (entry.running.size() == entry.running.capacity())
        entry.running.reserve(2 * entry.running.size() + 1);
      auto options = entry.options.task;
      options.id = entry.name + '-' + std::to_string(number);
      made.id = options.id;
      schedule_fire told{.schedule = entry.name, .number = number, .actual = at};
      if (what.at)
        told.nominal = what.at->nominal;
      run = std::make_shared<run_over>(ended_, ended_runs::run{which, number});
      auto task = entry.body->begin(home_, std::move(options), std::move(told), run);
      if (task) {
        entry.running.push_back({number, std::move(task->task), false});
        made.handle = std::move(task->handle);
      } else {
        refused = task.error();
      }
    } catch (const std::bad_alloc&) { // NOLINT: it isn't begun
    }
    if (made.handle) {
      entry.numbers = number;
      ++entry.counts.fired;
      if (what.at)
        entry.last = what.at->nominal;
      say(event_kind::schedule_fired, entry, [&] {
        return (what.at ? "nominal " + to_rfc3339(what.at->nominal) + ", " : std::string{}) + "actual "
               + to_rfc3339(at) + ", task " + made.id;
      });
      return made;
    }
    if (run)
      run->forget();
    if (refused.code != errc::duplicate_id)
      break;
    entry.numbers = number; // somebody's own task is called so
  }
  if (refused.code == errc::queue_full)
    return {.how = begun::full, .refused = std::move(refused)};
  if (refused.code != errc::stopping) { // its end has been told to everybody
    ++entry.counts.refused;
    say(event_kind::schedule_refused, entry, [&] { return refused.message; });
  }
  return {.how = begun::refused, .refused = std::move(refused)};
}

} // namespace taskactor::detail
