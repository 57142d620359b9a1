#include "scheduler/schedule_entry.hpp"

#include "base/invalid.hpp"
#include "schedule/trigger_core.hpp"
#include "schedule/trigger_fault.hpp"

#include <taskactor/detail/duration_text.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_at_once = 10'000;

void check_not_negative(const char* name, std::chrono::nanoseconds given) {
  if (given.count() < 0)
    throw_invalid(std::string{name} + ": " + to_text(given) + "; give zero or more");
}

void check_task(const task_options& options, const schedule_body& body) {
  const auto fault = [](const std::string& what) { throw_invalid("task." + what); };
  if (!content_of(options.id).empty())
    fault("id: each fire's task has an id of its own; give the schedule a name");
  if (!content_of(options.after).empty())
    fault("after: a fire waits for its time alone");
  if (options.admission.on_full == on_full::wait)
    fault("admission.on_full: a scheduler can't wait; a fire that the manager has no room for comes later by "
          "itself");
  if (options.admission.on_duplicate != on_duplicate::reject)
    fault("admission.on_duplicate: each fire's task has an id of its own");
  if (const auto wrong = body.check(options.where))
    fault("where: " + wrong->message);
  auto elsewhere = options;
  elsewhere.where = std::nullopt;
  if (const auto wrong = validate(elsewhere))
    fault(wrong->message);
}

std::chrono::microseconds microseconds_of(std::chrono::nanoseconds span) {
  return std::chrono::floor<std::chrono::microseconds>(span);
}

} // namespace

late_rules schedule_entry::rules() const {
  return {.missed = options.missed,
          .window = microseconds_of(options.missed_window),
          .on_time = microseconds_of(options.on_time),
          .most = options.most_made_up};
}

schedule_info schedule_entry::info() const {
  schedule_info said{.name = name, .trigger = when.to_text(), .paused = paused, .ended = ended};
  said.next = next;
  said.last = last;
  said.counts = counts;
  said.counts.running = running.size();
  said.counts.waiting = waiting ? 1 : 0;
  return said;
}

void check(const schedule_options& options, const schedule_body& body) {
  if (options.overlap > overlap_policy::allow)
    throw_invalid("overlap: give skip, queue_one, cancel_old or allow");
  if (options.missed > missed_policy::none)
    throw_invalid("missed: give latest, all or none");
  if (options.max_instances == 0)
    throw_invalid("max_instances: 0, with which nothing of it runs; give one or more");
  if (options.most_made_up == 0 || options.most_made_up > most_at_once)
    throw_invalid("most_made_up: " + std::to_string(options.most_made_up) + "; give 1 to 10000");
  check_not_negative("missed_window", options.missed_window);
  check_not_negative("on_time", options.on_time);
  check_task(options.task, body);
}

trigger jittered(const trigger& when, const std::optional<time_span>& jitter) {
  if (!jitter)
    return when;
  const auto& core = trigger_access::core(when);
  auto changed = core.options;
  changed.jitter = *jitter;
  auto result = made([&] { return make_trigger(core.form, std::move(changed)); });
  if (!result)
    throw_rejection(result.error());
  return *std::move(result);
}

} // namespace taskactor::detail
