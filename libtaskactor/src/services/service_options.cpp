#include "base/invalid.hpp"

#include <taskactor/actors/service_options.hpp>
#include <taskactor/retry.hpp>

#include <utility>

namespace taskactor {

std::string_view to_string(restart_strategy how) noexcept {
  switch (how) {
  case restart_strategy::one_for_one:
    return "one_for_one";
  case restart_strategy::one_for_all:
    return "one_for_all";
  case restart_strategy::rest_for_one:
    return "rest_for_one";
  }
  return "?";
}

std::string_view to_string(restart_policy policy) noexcept {
  switch (policy) {
  case restart_policy::permanent:
    return "permanent";
  case restart_policy::transient:
    return "transient";
  case restart_policy::temporary:
    return "temporary";
  }
  return "?";
}

namespace detail {

namespace {

std::optional<rejection> check_name(const std::string& name) {
  if (name.empty())
    return invalid("name: a service has one");
  if (name.find('/') != std::string::npos)
    return invalid("name: \"" + name + "\": a '/' is between the names of a path, and not in one");
  return {};
}

} // namespace

std::optional<rejection> validate(const supervisor_options& options) {
  if (auto wrong = check_name(options.name))
    return wrong;
  if (options.limit.within.count() <= 0)
    return invalid("limit.within: " + to_text(options.limit.within) + "; give more than zero");
  return {};
}

std::optional<rejection> validate(const child_options& options) {
  if (auto wrong = check_name(options.name))
    return wrong;
  auto wrong = check_duration("ready_within", options.ready_within);
  if (!wrong)
    wrong = check_duration("stop_within", options.stop_within);
  if (!wrong)
    wrong = validate("backoff", options.backoff);
  if (!wrong)
    wrong = check_duration("backoff_reset_after", options.backoff_reset_after);
  if (wrong)
    wrong->message = '"' + content_of(options.name) + "\": " + wrong->message;
  return wrong;
}

std::optional<rejection> validate_supervised(const task_options& options) {
  if (!content_of(options.id).empty())
    return invalid("id: the task of a service is named after it");
  if (content_of(options.retry).has_value())
    return invalid("retry: a service is restarted by its supervisor; see restart and backoff");
  if (options.admission.on_full == on_full::wait)
    return invalid("admission.on_full: wait would block the supervisor; give reject or shed");
  return validate(options);
}

} // namespace detail
} // namespace taskactor
