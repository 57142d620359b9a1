// What callers ask of a scheduler: see scheduler_host.hpp.
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "scheduler/scheduler_host.hpp"

#include <taskactor/error.hpp>

#include <algorithm>

namespace taskactor::detail {

namespace {

rejection is_over() { return {errc::stopping, "the scheduler, or its manager, has ended"}; }

rejection never_due(const std::string& name, no_fire why) {
  return {errc::never, "schedule \"" + name + "\": it is never due: " + std::string{to_string(why)}};
}

/// What each fire copies, on the scheduler's thread, is nothing of the user's.
void share_retry(task_options& options, schedule_body& body) {
  auto retry = content_of(options.retry);
  if (!retry || !retry->retry_on)
    return;
  body.retry_on = std::make_shared<const std::function<bool(const failure&)>>(std::move(retry->retry_on));
  retry->retry_on = [shared = body.retry_on](const failure& why) { return (*shared)(why); };
  options.retry = std::move(retry);
}

} // namespace

expected<schedule_handle> scheduler_host::add(schedule_options options, const trigger& when,
                                              std::shared_ptr<schedule_body> body) {
  const std::string& wanted = content_of(options.name);
  try {
    check(options, *body);
    const auto by = jittered(when, options.jitter);
    share_retry(options.task, *body);
    const std::lock_guard lock{mutex_};
    if (over_)
      return is_over();
    auto name = schedules_.name_for(wanted);
    if (schedules_.find(name))
      return rejection{errc::duplicate_id, "there is a schedule \"" + name + "\" already"};
    auto entry = std::make_shared<schedule_entry>(name, by, schedules_.next_order());
    entry->passed = starter_.now();
    entry->next = by.next(entry->passed, name);
    if (!entry->next)
      return never_due(name, entry->next.why);
    auto handle = schedule_handle{shared_from_this(), entry};
    schedules_.add(entry);
    // From here on nothing asks for memory. Until here body and options are who calls', who has no lock.
    entry->paused = options.paused;
    entry->options = std::move(options);
    entry->body = std::move(body);
    schedules_.enter(entry);
    return handle;
  } catch (const error& wrong) {
    return rejection{static_cast<errc>(wrong.code().value()), wrong.message()};
  }
}

std::optional<schedule_handle> scheduler_host::find(std::string_view name) {
  const std::lock_guard lock{mutex_};
  if (auto found = schedules_.find(name))
    return schedule_handle{shared_from_this(), std::move(found)};
  return {};
}

std::vector<schedule_info> scheduler_host::list() {
  std::vector<schedule_info> all;
  runs ended;
  gone_bodies gone;
  const std::lock_guard lock{mutex_};
  if (!over_)
    settle(ended, gone);
  all.reserve(schedules_.all().size());
  for (const auto& [name, each] : schedules_.all())
    all.push_back(each->info());
  return all;
}

schedule_info scheduler_host::info(const schedule_entry& which) {
  runs ended;
  gone_bodies gone;
  const std::lock_guard lock{mutex_};
  if (!over_)
    settle(ended, gone);
  auto said = which.info();
  if (over_)
    said.counts.running = 0; // nobody counts them any more
  return said;
}

bool scheduler_host::pause(const entry_ptr& which) {
  gone_bodies gone; // destroyed without the lock
  const std::lock_guard lock{mutex_};
  if (which->ended || which->paused)
    return false;
  schedules_.leave(which);
  which->paused = true;
  starter_.drop_waiting(*which, "the schedule is paused");
  schedules_.end_if_over(which, gone);
  return !which->ended;
}

bool scheduler_host::resume(const entry_ptr& which, on_resume how) {
  gone_bodies gone;
  const std::lock_guard lock{mutex_};
  if (which->ended || !which->paused)
    return false;
  if (how == on_resume::skip)
    schedules_.give_up_due(which, starter_.now());
  which->paused = false;
  schedules_.enter(which);
  schedules_.end_if_over(which, gone);
  return true;
}

expected<std::string> scheduler_host::run_now(const entry_ptr& which) {
  fire_starter::result made; // given up without the lock, as what is ended
  runs ended;
  gone_bodies gone;
  const std::lock_guard lock{mutex_};
  if (over_)
    return is_over();
  settle(ended, gone);
  if (which->ended)
    return rejection{errc::never, "schedule \"" + which->name + "\": it has ended"};
  made = starter_.fire(which, {});
  if (made.how == fire_starter::begun::skipped)
    return rejection{errc::overlapping, "schedule \"" + which->name + "\": " + made.why};
  if (made.how == fire_starter::begun::full || made.how == fire_starter::begun::refused)
    return std::move(made.refused);
  return std::move(made.id); // empty: it waits
}

expected<fire> scheduler_host::change(const entry_ptr& which, const trigger& to) {
  try {
    const auto by = jittered(to, which->options.jitter);
    const std::lock_guard lock{mutex_};
    if (over_)
      return is_over();
    if (which->ended)
      return rejection{errc::never, "schedule \"" + which->name + "\": it has ended"};
    const auto next = by.next(std::max(which->passed, starter_.now()), which->name);
    if (!next)
      return never_due(which->name, next.why);
    schedules_.give_up_due(which, starter_.now());
    schedules_.leave(which);
    which->when = by;
    which->next = next;
    schedules_.enter(which);
    return *next;
  } catch (const error& wrong) {
    return rejection{static_cast<errc>(wrong.code().value()), wrong.message()};
  }
}

bool scheduler_host::cancel(const entry_ptr& which) {
  gone_bodies gone;
  const std::lock_guard lock{mutex_};
  if (which->ended)
    return false;
  schedules_.end(which, "it was cancelled", gone);
  return true;
}

std::size_t scheduler_host::cancel_running(const entry_ptr& which) {
  runs ended;
  gone_bodies gone;
  const std::lock_guard lock{mutex_};
  if (over_)
    return 0;
  settle(ended, gone);
  std::size_t asked = 0;
  for (auto& each : which->running)
    if (!each.asked_to_end) {
      asked += detail::cancel(home_, *each.task, end_reason::cancel_requested) == cancel_reply::requested ? 1
                                                                                                          : 0;
      each.asked_to_end = true;
    }
  return asked;
}

} // namespace taskactor::detail
