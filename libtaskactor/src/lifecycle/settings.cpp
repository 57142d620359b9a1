#include "lifecycle/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

namespace taskactor::detail {

namespace {

[[noreturn]] void refuse(const std::string& what) { throw_rejection({errc::invalid_argument, what}); }

std::optional<std::size_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (!text || !*text)
    return {};
  std::size_t value = 0;
  const std::string_view view{text};
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc{} || end != view.data() + view.size())
    refuse(std::string{variable} + ": \"" + text + "\" is not a whole number of zero or more");
  return value;
}

std::optional<std::chrono::nanoseconds> seconds_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (!text || !*text)
    return {};
  const std::string_view view{text};
  if (view == "none")
    return no_timeout;
  double value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc{} || end != view.data() + view.size() || !(value >= 0 && value < 9e9))
    refuse(std::string{variable} + ": \"" + text
           + "\" is not a number of seconds (zero or more), nor \"none\"");
  return std::chrono::nanoseconds{static_cast<std::int64_t>(value * 1e9)};
}

std::optional<log_level> level_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (!text || !*text)
    return {};
  const auto level = parse_log_level(text);
  if (!level)
    refuse(std::string{variable} + ": \"" + text + "\" is none of debug, info, warn, error and off");
  return level;
}

std::size_t pick(const std::optional<std::size_t>& field, const char* variable, std::size_t fallback) {
  if (field)
    return *field;
  return number_from(variable).value_or(fallback);
}

} // namespace

settings resolve(const manager_options& options, std::size_t processors) {
  for (const auto& wrong : {check_duration("default_timeout", options.default_timeout),
                            check_duration("cancel_grace", options.cancel_grace),
                            check_duration("history.ttl", options.history.ttl),
                            check_duration("priority_aging", options.priority_aging),
                            check_duration("blocked_after", options.blocked_after),
                            check_duration("workers.idle_limit", options.workers.idle_limit)})
    if (wrong)
      refuse(wrong->message);
  for (const auto& word : options.workers.program)
    if (word.find('\0') != word.npos)
      refuse("workers.program: a word with a NUL byte");
  if (!options.workers.program.empty() && options.workers.program.front().empty())
    refuse("workers.program: the program has no name; leave it empty for this program");
  settings result{};
  result.capacity = pick(options.capacity, "TASKACTOR_CAPACITY",
                         std::min<std::size_t>(std::max<std::size_t>(32, 4 * processors), 256));
  result.thread_capacity
      = pick(options.thread_capacity, "TASKACTOR_THREAD_CAPACITY",
             std::min<std::size_t>(std::max<std::size_t>(16, 2 * result.capacity / 3), 128));
  result.process_capacity = pick(options.process_capacity, "TASKACTOR_PROCESS_CAPACITY",
                                 std::max<std::size_t>(1, std::min<std::size_t>(processors, 8)));
  result.max_queue = pick(options.max_queue, "TASKACTOR_MAX_QUEUE", 10000);
  result.default_timeout
      = options.default_timeout
            ? *options.default_timeout
            : time_span{seconds_from("TASKACTOR_DEFAULT_TIMEOUT").value_or(std::chrono::seconds{180})};
  result.cancel_grace = options.cancel_grace;
  result.history = options.history;
  result.priority_aging = options.priority_aging;
  result.blocked_after = options.blocked_after;
  result.workers = options.workers;
  result.log_level = options.log_level ? options.log_level : level_from("TASKACTOR_LOG");
  return result;
}

} // namespace taskactor::detail
