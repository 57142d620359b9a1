#include <taskactor/task_options.hpp>

#include <utility>

namespace taskactor::detail {

bool runs_elsewhere(const task_options& options) noexcept {
  return options.where && *options.where != run_where::task;
}

namespace {

bool is_negative(const std::optional<time_span>& duration) noexcept {
  return duration && duration->count() < 0;
}

std::optional<rejection> check_durations(const task_options& options) {
  if (auto wrong = check_duration("timeout", options.timeout))
    return wrong;
  if (auto wrong = check_duration("queue_timeout", options.queue_timeout))
    return wrong;
  if (auto wrong = check_duration("total_timeout", options.total_timeout))
    return wrong;
  return check_duration("admission.timeout", options.admission.timeout);
}

} // namespace

std::optional<rejection> validate(const task_options& options) {
  if (is_negative(options.timeout) || is_negative(options.queue_timeout) || is_negative(options.total_timeout)
      || options.admission.timeout.count() < 0)
    return check_durations(options);
  if (options.priority < highest_priority || options.priority > lowest_priority)
    return rejection{errc::invalid_argument,
                     "priority: " + std::to_string(options.priority) + "; give 0 (first) to 9 (last)"};
  if (options.where && *options.where != run_where::task)
    return rejection{errc::invalid_argument,
                     "where: only add_task and add_named know it; elsewhere use run_in_thread or "
                     "run_in_process in the body"};
  for (const auto& each : content_of(options.limits))
    if (each.tokens == 0)
      return rejection{errc::invalid_argument, "limits: \"" + each.name + "\": 0 tokens; give one or more"};
  const auto& retry = content_of(options.retry);
  return retry ? validate(*retry) : std::optional<rejection>{};
}

} // namespace taskactor::detail
