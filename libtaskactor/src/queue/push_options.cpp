#include <taskactor/queue/push_options.hpp>

#include "base/invalid.hpp"
#include "queue/store_text.hpp"

#include <taskactor/detail/duration_text.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_tags = 64, most_tokens = 1'000'000, most_parents = 100'000;

std::optional<rejection> check_unique(const unique_options& unique) {
  const std::string& key = content_of(unique.key);
  if (auto wrong = check_text("unique.key", key, longest_key))
    return wrong;
  if (auto wrong = check_text("unique.scope", content_of(unique.scope), longest_name))
    return wrong;
  if (key.empty())
    return {};
  if (unique.until == unique_until::period && unique.period.count() <= 0)
    return invalid("unique.period: " + to_text(unique.period) + "; give more than zero");
  return {};
}

std::optional<rejection> check_limits(const std::vector<job_limit>& limits) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& each : limits) {
    if (auto wrong = check_name("limits: name", each.name))
      return wrong;
    if (auto wrong = check_text("limits: key", each.key, longest_key))
      return wrong;
    if (each.tokens == 0 || each.tokens > most_tokens)
      return invalid("limits: \"" + each.name + "\": " + std::to_string(each.tokens) + " tokens; give 1 to "
                     + std::to_string(most_tokens));
    if (!seen.emplace(each.name, each.key).second)
      return invalid("limits: \"" + each.name + "\" is there twice with the key \"" + each.key + '"');
  }
  return {};
}

std::optional<rejection> check_texts(const push_options& options) {
  if (auto wrong = check_text("fairness_key", content_of(options.fairness_key), longest_key))
    return wrong;
  if (auto wrong = check_text("trace", content_of(options.trace), longest_key))
    return wrong;
  if (auto wrong = check_text("version", content_of(options.version), longest_name))
    return wrong;
  const auto& tags = content_of(options.tags);
  if (tags.size() > most_tags)
    return invalid("tags: " + std::to_string(tags.size()) + "; give at most " + std::to_string(most_tags));
  for (const auto& each : tags) {
    if (auto wrong = check_name("tags", each))
      return wrong;
  }
  return {};
}

std::optional<rejection> check_parents(const std::vector<job_parent>& after) {
  if (after.size() > most_parents)
    return invalid("after: " + std::to_string(after.size()) + " jobs; give at most "
                   + std::to_string(most_parents));
  std::set<job_id> seen;
  for (const auto& each : after) {
    if (each.id <= 0)
      return invalid("after: " + std::to_string(each.id) + " is no job's id; give one or more");
    if (!seen.insert(each.id).second)
      return invalid("after: job " + std::to_string(each.id) + " is there twice");
  }
  return {};
}

std::optional<rejection> check_times(const push_options& options) {
  if (auto wrong = check_duration("delay", options.delay))
    return wrong;
  if (auto wrong = check_duration("expires", options.expires))
    return wrong;
  if (auto wrong = check_duration("timeout", options.timeout))
    return wrong;
  if (auto wrong = check_duration("keep", options.keep))
    return wrong;
  if (options.at && options.delay.count() != 0)
    return invalid("at, delay: give one of the two");
  return {};
}

} // namespace

std::optional<rejection> validate(const push_options& options) {
  if (options.priority < highest_priority || options.priority > lowest_priority)
    return invalid("priority: " + std::to_string(options.priority) + "; give 0 (first) to 9 (last)");
  if (auto wrong = check_times(options))
    return wrong;
  if (options.retry) {
    if (options.retry->max_attempts == 0)
      return invalid("retry.max_attempts: 0; give one or more");
    if (auto wrong = validate("retry.backoff", options.retry->backoff))
      return wrong;
  }
  if (auto wrong = check_unique(options.unique))
    return wrong;
  if (auto wrong = check_limits(content_of(options.limits)))
    return wrong;
  if (auto wrong = check_parents(content_of(options.after)))
    return wrong;
  return check_texts(options);
}

} // namespace taskactor::detail
