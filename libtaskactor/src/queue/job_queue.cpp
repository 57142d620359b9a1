#include <taskactor/queue/job_queue.hpp>

#include "base/invalid.hpp"
#include "base/memory.hpp"
#include "queue/open_store.hpp"
#include "queue/store_core.hpp"
#include "queue/store_text.hpp"

#include <taskactor/detail/json_text.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/outcome.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include <sys/random.h>

namespace taskactor {

namespace detail {

namespace {

/// Of a push that is made again the first one's answer is given. Those of one call are numbers in a row
/// behind its random bytes, and those of one time stand together: their index grows at its end, and no page
/// of it is written for each.
class request_ids {
public:
  request_ids() {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    put(0, static_cast<std::uint32_t>(now.time_since_epoch().count()));
    for (std::size_t got = 0; got < random_bytes;) {
      const auto more = ::getrandom(bytes_.data() + number_bytes + got, random_bytes - got, 0);
      if (more > 0)
        got += static_cast<std::size_t>(more);
      else if (errno != EINTR)
        throw std::system_error{errno, std::generic_category(), "getrandom"};
    }
  }
  std::string next() {
    put(number_bytes + random_bytes, count_++);
    return bytes_;
  }

private:
  static constexpr std::size_t number_bytes = 4, random_bytes = 8;

  /// Greater ones behind smaller ones.
  void put(std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < number_bytes; ++i)
      bytes_[at + i] = static_cast<char>(number >> (8 * (number_bytes - 1 - i)));
  }

  std::string bytes_ = std::string(random_bytes + 2 * number_bytes, '\0');
  std::uint32_t count_ = 0;
};

store_duration in_store(std::chrono::nanoseconds span) noexcept {
  return std::chrono::floor<store_duration>(span) + store_duration{span.count() % 1000 > 0 ? 1 : 0};
}
std::optional<store_duration> in_store(const std::optional<time_span>& span) noexcept {
  if (!span || *span == no_timeout)
    return {};
  return in_store(*span);
}

/// What is unset is as the task was registered.
push_options with_defaults(push_options options, const named_task* which) {
  if (!which)
    return options;
  const auto& registered = which->options();
  if (!options.timeout)
    options.timeout = registered.timeout;
  if (options.priority == default_priority)
    options.priority = registered.priority;
  if (const auto& again = content_of(registered.retry); again && !options.retry)
    options.retry = job_retry{again->max_attempts, again->backoff};
  if (content_of(options.fairness_key).empty())
    options.fairness_key = registered.fairness_key;
  if (content_of(options.version).empty())
    options.version = which->version();
  return options;
}

/// What all jobs of one push have in common.
new_job job_with(const push_options& options, std::string queue, std::string task) {
  new_job made;
  auto& row = made.row;
  row.queue = std::move(queue);
  row.task = std::move(task);
  row.priority = options.priority;
  row.timeout = in_store(options.timeout);
  row.retry = options.retry.value_or(job_retry{});
  row.limits = content_of(options.limits);
  std::sort(row.limits.begin(), row.limits.end(), [](const job_limit& a, const job_limit& b) {
    return std::tie(a.name, a.key) < std::tie(b.name, b.key);
  });
  row.fairness_key = content_of(options.fairness_key);
  row.keep = in_store(options.keep);
  row.tags = content_of(options.tags);
  row.trace = content_of(options.trace);
  row.version = content_of(options.version);
  made.delay = in_store(options.delay);
  made.at = options.at;
  made.expires = in_store(options.expires);
  made.unique_key = content_of(options.unique.key);
  if (!made.unique_key.empty()) {
    made.unique_scope = content_of(options.unique.scope);
    if (made.unique_scope.empty())
      made.unique_scope = row.task;
    made.until = options.unique.until;
    made.unique_period = in_store(options.unique.period);
    made.on_taken = options.unique.on_taken;
  }
  for (const auto& each : content_of(options.after))
    made.after.push_back({.parent = each.id, .before = 0, .on_failure = each.on_failure});
  return made;
}

expected<std::vector<new_job>> jobs_for(const store& in, const std::string& queue, const std::string& task,
                                        const push_options& options, const std::vector<json>& arguments) {
  if (auto wrong = check_name("task", task))
    return std::move(*wrong);
  if (auto wrong = validate(options))
    return std::move(*wrong);
  if (arguments.size() > 1 && !content_of(options.unique.key).empty())
    return invalid("unique.key: the jobs of one push_all would be each other's duplicates");
  const auto common = job_with(options, queue, task);
  std::vector<new_job> all;
  all.reserve(arguments.size());
  request_ids requests;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto& one = all.emplace_back(common);
    try {
      one.row.arguments = json_text(arguments[i]);
    } catch (const std::invalid_argument& why) {
      return rejection{errc::bad_arguments, task + ": arguments: " + why.what()};
    }
    const auto what = task + ": arguments" + (arguments.size() > 1 ? " of item " + std::to_string(i) : "");
    if (auto wrong = too_large(*core_of(in), what, one.row.arguments.size()))
      return std::move(*wrong);
    one.request = requests.next();
  }
  return all;
}

/// A program's, of which the end says more. What is wrong with its text is said of the arguments.
std::string command_name(const std::string& program) {
  constexpr std::string_view cut = "...";
  auto name = store_text(program);
  if (name.size() <= longest_name)
    return name;
  auto from = name.size() - (longest_name - cut.size());
  while (from < name.size() && utf8_length(std::string_view{name}.substr(from)) == 0)
    ++from; // not in the middle of a character
  return std::string{cut} + name.substr(from);
}

pushed_ids ids_of(const std::vector<push_reply>& replies) {
  pushed_ids all;
  all.reserve(replies.size());
  for (const auto& each : replies)
    all.push_back({each.id, each.how});
  return all;
}

void push_jobs(const store& in, expected<std::vector<new_job>> jobs,
               std::function<void(expected<pushed_ids>)> tell) {
  if (!jobs)
    return tell(std::move(jobs).error());
  if (jobs->empty())
    return tell(pushed_ids{});
  core_of(in)->push(std::move(*jobs), [tell = std::move(tell)](const expected<std::vector<push_reply>>& all) {
    once_there_is_memory([&] { tell(all.transform(ids_of)); });
  });
}

store_call<pushed<json>> only_one(std::shared_ptr<call_state<pushed_ids>> ids, const store& in) {
  return made_call<pushed<json>>(std::move(ids),
                                 [in](const pushed_ids& all) { return pushed_as<json>(in, all.front()); });
}

} // namespace

queue_front::queue_front(const store& in, std::string name) : store_(in), name_(std::move(name)) {
  if (const auto wrong = check_name("a queue's name", name_))
    throw_rejection(*wrong);
}

expected<std::vector<new_job>> queue_front::jobs(const expected<const named_task*>& which,
                                                 const push_options& options,
                                                 const expected<std::vector<json>>& arguments) const {
  if (!which)
    return which.error();
  if (!arguments)
    return rejection{arguments.error().code, (*which)->name() + ": " + arguments.error().message};
  return jobs_for(store_, name_, (*which)->name(), with_defaults(options, *which), *arguments);
}

expected<std::vector<new_job>> queue_front::unchecked_jobs(const push_options& options,
                                                           const std::string& task,
                                                           const json& arguments) const {
  if (auto wrong = check_name("task", task))
    return std::move(*wrong);
  if (!arguments.is_array())
    return rejection{errc::bad_arguments, task + ": arguments: expected an array, got " + shown(arguments)};
  return jobs_for(store_, name_, task, options, {arguments});
}

expected<std::vector<new_job>> queue_front::command_jobs(const push_options& options,
                                                         const json& command) const {
  const auto name = command_name(command.at("argv").at(0).get<std::string>());
  auto jobs = jobs_for(store_, name_, name, options, {command});
  if (jobs)
    for (auto& each : *jobs) {
      each.row.kind = job_kind::command;
      // One key is one job's, whatever its program.
      if (content_of(options.unique.scope).empty())
        each.unique_scope.clear();
    }
  return jobs;
}

void queue_front::push(const expected<const named_task*>& which, const push_options& options,
                       const expected<std::vector<json>>& arguments,
                       std::function<void(expected<pushed_ids>)> told) const {
  push_jobs(store_, jobs(which, options, arguments), std::move(told));
}

void queue_front::push_unchecked(const push_options& options, const std::string& task, const json& arguments,
                                 std::function<void(expected<pushed_ids>)> told) const {
  push_jobs(store_, unchecked_jobs(options, task, arguments), std::move(told));
}

void queue_front::push_command(const push_options& options, const json& command,
                               std::function<void(expected<pushed_ids>)> told) const {
  push_jobs(store_, command_jobs(options, command), std::move(told));
}

expected<pushed_ids>
queue_front::push_by(const std::function<std::vector<push_reply>(const std::vector<new_job>&)>& make,
                     const expected<const named_task*>& which, const push_options& options,
                     const expected<std::vector<json>>& arguments) const {
  const auto all = jobs(which, options, arguments);
  if (!all)
    return all.error();
  try {
    return ids_of(make(*all));
  } catch (const error& why) {
    return rejection{static_cast<errc>(why.code().value()), why.message()};
  }
}

expected<pushed_ids> queue_front::push_in(sqlite3* transaction, const expected<const named_task*>& which,
                                          const push_options& options,
                                          const expected<std::vector<json>>& arguments) const {
  const auto make = [&](const std::vector<new_job>& jobs) {
    if (!transaction)
      throw_rejection(invalid("push: there is no connection"));
    if (store_.file().empty())
      throw_rejection(invalid("push: a store in memory has no transactions of others"));
    return push_in_transaction(transaction, store_.file(), jobs);
  };
  return push_by(make, which, options, arguments);
}

expected<const named_task*> registered_function(const void* function) {
  if (const auto* const found = registry::global().find_address(function))
    return found;
  return rejection{errc::unknown_task, "the function is not registered: TASKACTOR_REGISTER(function), at "
                                       "namespace scope in a source file of this program"};
}

expected<const named_task*> registered_task(std::string_view name, const json& arguments) {
  auto which = registry::global().look_up(name);
  if (which) {
    try {
      (*which)->bind(arguments);
    } catch (const argument_error& why) {
      which = rejection{errc::bad_arguments, why.message()};
    } catch (...) { // by a `from_json`
      which = refused_argument();
    }
  }
  return which;
}

rejection refused_argument() {
  return {errc::bad_arguments, "arguments: " + describe(std::current_exception())};
}

} // namespace detail

store_call<pushed<json>> job_queue::push_named(const push_options& options, std::string_view task,
                                               const json& arguments) const {
  const auto which = detail::registered_task(task, arguments);
  auto ids = std::make_shared<detail::call_state<detail::pushed_ids>>();
  front_.push(which, options, std::vector<json>{arguments},
              [ids](expected<detail::pushed_ids> all) { ids->set(std::move(all)); });
  return detail::only_one(std::move(ids), in());
}

store_call<pushed<json>> job_queue::push_unchecked(const push_options& options, const std::string& task,
                                                   const json& arguments) const {
  auto ids = std::make_shared<detail::call_state<detail::pushed_ids>>();
  front_.push_unchecked(options, task, arguments,
                        [ids](expected<detail::pushed_ids> all) { ids->set(std::move(all)); });
  return detail::only_one(std::move(ids), in());
}

} // namespace taskactor
