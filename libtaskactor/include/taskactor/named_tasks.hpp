/// Named tasks in a manager.
///
///     #include <taskactor/named_tasks.hpp>
///     auto h = tasks.add_task({.id = "front"}, "img.resize", {"a.png", 100}).value();
///     std::cout << h.get();                                        // the result as JSON
///
/// Options that are unset are those the task was registered with. Errors: as `add_task`; `unknown_task` with
/// the name that comes nearest; `bad_arguments`, which says which argument, what was expected, and what came.
/// All are known before anything is admitted.
#pragma once

#include <taskactor/registry.hpp>
#include <taskactor/task_manager.hpp>

#include <functional>
#include <string_view>

namespace taskactor {

template <class Name>
struct detail::json_arguments {
  using type = json;
};

namespace detail {
/// How a named task is run, for who admits it in a body of its own: what is unset in the options is the
/// task's.
struct named_plan {
  task_options options;
  run_where where;
};
named_plan plan_named(task_options options, const named_task& which);
/// What it does with these arguments, which are made into the function's own: by code of its user.
/// Errors: `argument_error`; `std::system_error{errc::invalid_argument}`.
std::function<task<json>()> bind_named(const named_task& which, const json& arguments, run_where where);
} // namespace detail

/// As `task_manager::add_task` with a name, of which this is the work.
expected<handle<json>> add_named(task_manager& tasks, task_options options, std::string_view name,
                                 const json& arguments = json::array());
expected<handle<json>> add_named(task_manager& tasks, task_options options, const named_task& which,
                                 const json& arguments = json::array());

} // namespace taskactor
