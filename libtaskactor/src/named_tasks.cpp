#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/body.hpp>
#include <taskactor/named_tasks.hpp>
#include <taskactor/run_in_process.hpp>
#include <taskactor/run_in_thread.hpp>

#include <memory>
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
  take(given.where, own.where);
  if (detail::content_of(given.limits).empty())
    given.limits = own.limits;
  if (given.priority == default_priority)
    given.priority = own.priority;
  if (detail::content_of(given.fairness_key).empty())
    given.fairness_key = own.fairness_key;
  if (!detail::content_of(given.retry))
    given.retry = own.retry;
  return given;
}

task<json> call_elsewhere(const named_task* which, std::shared_ptr<const std::string> arguments) {
  const std::string result = co_await detail::call_in_process(*which, *arguments);
  try {
    auto value = detail::from_bytes(result);
    co_return value;
  } catch (const detail::decode_fault& fault) {
    throw argument_error{which->name() + ": result" + fault.path, 0, fault.expected, fault.got};
  }
}

} // namespace

detail::named_plan detail::plan_named(task_options options, const named_task& which) {
  auto how = merged(std::move(options), which.options());
  const auto where = std::exchange(how.where, std::nullopt).value_or(run_where::task);
  return {std::move(how), where};
}

std::function<task<json>()> detail::bind_named(const named_task& which, const json& arguments,
                                               run_where where) {
  auto here = which.bind(arguments); // whose errors are those of all
  if (where == run_where::task)
    return here;
  if (where == run_where::process) {
    const auto bytes = std::make_shared<const std::string>(to_bytes(arguments));
    return [&which, bytes] { return call_elsewhere(&which, bytes); };
  }
  const auto call = which.bind_blocking(arguments);
  if (!call)
    throw_rejection({errc::invalid_argument, "run_where::thread: \"" + which.name()
                                                 + "\" is a coroutine, which doesn't run on a thread"});
  return [call] { return run_blocking(call); };
}

task<json> detail::run_blocking(std::function<json(std::stop_token)> function) {
  co_return co_await run_in_thread(std::move(function));
}

expected<handle<json>> add_named(task_manager& tasks, task_options options, const named_task& which,
                                 const json& arguments) {
  auto [how, where] = detail::plan_named(std::move(options), which);
  try {
    auto body = detail::make_body(detail::bind_named(which, arguments, where));
    return detail::admit_body<json>(detail::core_of(tasks), std::move(body), std::move(how));
  } catch (const argument_error& error) {
    return rejection{errc::bad_arguments, detail::message_of(error)};
  } catch (const std::system_error& error) {
    if (error.code() != errc::invalid_argument)
      throw;
    return rejection{errc::invalid_argument, detail::message_of(error)};
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
