#include <taskactor/named_tasks.hpp>

#include <utility>

namespace taskactor {

namespace {

/// What is unset in `given` is as in `own`.
task_options merged(task_options given, const task_options& own) {
  const auto take = [](auto& unset, const auto& value) {
    if (!unset)
      unset = value;
  };
  take(given.timeout, own.timeout);
  take(given.queue_timeout, own.queue_timeout);
  take(given.total_timeout, own.total_timeout);
  if (given.limits->empty())
    given.limits = own.limits;
  if (given.priority == default_priority)
    given.priority = own.priority;
  if (given.share->empty())
    given.share = own.share;
  if (!*given.retry)
    given.retry = own.retry;
  return given;
}

} // namespace

expected<handle<json>> add_named(task_manager& tasks, task_options options, const named_task& which,
                                 const json& arguments) {
  try {
    return tasks.add_task(merged(std::move(options), which.options()), which.bind(arguments));
  } catch (const argument_error& error) {
    const std::string text = error.what();
    return rejection{errc::bad_arguments, text.substr(0, text.rfind(": " + error.code().message()))};
  }
}

expected<handle<json>> add_named(task_manager& tasks, task_options options, std::string_view name,
                                 const json& arguments) {
  const auto found = registry::global().look_up(name);
  if (!found)
    return found.error();
  return add_named(tasks, std::move(options), **found, arguments);
}

} // namespace taskactor
