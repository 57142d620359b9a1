/// `task_manager::actor()`: a manager as an ordinary CAF actor sees it. It is asked by messages, and never
/// blocks.
///
///     #include <taskactor/actors/messages.hpp>     // taskactor.hpp doesn't: it has CAF's headers in it
///     self->request(tasks.actor(), caf::infinite, ta::msg::run({.timeout = 5s}, fetch, url))
///         .then([](const page& p) { ... }, [](const caf::error& e) { ... ta::msg::why(e)->code ... });
///
/// | message              | reply                                                                         |
/// |----------------------|-------------------------------------------------------------------------------|
/// | `msg::run(...)`      | the body's value, when the task has ended; void: an empty one                 |
/// | `msg::start(...)`    | the task's id (`std::string`), when it is admitted                            |
/// | `msg::cancel{id}`    | `cancel_reply`                                                                |
/// | `msg::cancel_all{}`  | how many were asked to end (`std::size_t`)                                    |
/// | `msg::find{id}`      | `task_info`, or the error `unknown_id`                                        |
/// | `msg::explain{id}`   | `explanation`, or the error `unknown_id`                                      |
/// | `msg::status{}`      | `std::vector<task_info>`, as `task_manager::task_status`                      |
/// | `msg::statistics{}`  | `manager_statistics`                                                          |
/// | `msg::subscribe{..}` | an empty one; from then on an `event` message for each, until its sender ends |
/// | `msg::unsubscribe{}` | an empty one                                                                  |
///
/// They are for actors of one process. A value that `run` replies with must be a message type of the
/// program's.
///
/// Errors: a `caf::error` with `caf::sec::runtime_error`, from which `why` reads code and text: of admission
/// as `add_task`'s; `task_failed`, `task_cancelled`, `task_timed_out` for a task without a value. But an
/// actor's own error comes through as it was: the `request_error::reason` of a `request` in the body, a
/// `caf::error` that the body throws, and one that it returns, as `caf::error` or in a `caf::expected<T>`.
/// Threads: any. Stops: who asks and ends cancels nothing, unless it says so:
/// `msg::run(...).cancelled_with_asker()`. The actor ends with the manager, after the last reply. Exit
/// messages, and the ends of whoever is linked to it, it ignores; one of reason `kill` ends it and no task:
/// open replies are errors then, and `task_manager::actor` gives a new one.
#pragma once

#include <taskactor/actors/exit_code.hpp>
#include <taskactor/detail/caf_message.hpp>
#include <taskactor/detail/submission.hpp>
#include <taskactor/event.hpp>
#include <taskactor/explanation.hpp>
#include <taskactor/manager_options.hpp>

#include <caf/actor.hpp>
#include <caf/error.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

namespace msg {

struct run_task {
  std::shared_ptr<detail::submission> what;
  bool ends_with_asker = false;
  /// The same, and the task is cancelled if the actor that sends it ends first; not one that was joined, nor
  /// one that others have joined by such messages.
  run_task cancelled_with_asker() const { return {what, true}; }
};
struct start_task {
  std::shared_ptr<detail::submission> what;
};

/// Runs a body as `task_manager::add_task` does, and replies with its value. The message can be sent once.
/// `on_full::wait` is refused: it would block.
template <class F, class... Args>
  requires detail::body<F, Args...>
           && (std::is_void_v<detail::body_result<F, Args...>>
               || std::copy_constructible<detail::body_result<F, Args...>>)
run_task run(task_options options, F&& body, Args&&... args) {
  return {detail::submit(std::move(options), std::forward<F>(body), std::forward<Args>(args)...), false};
}

/// As `run`; the reply is its id, and comes at once.
template <class F, class... Args>
  requires detail::body<F, Args...>
start_task start(task_options options, F&& body, Args&&... args) {
  return {detail::submit(std::move(options), std::forward<F>(body), std::forward<Args>(args)...)};
}

struct cancel {
  std::string id;
};
struct cancel_all {};
struct find {
  std::string id;
};
struct explain {
  std::string id;
};
struct status {};
struct statistics {};
/// A further one of the same sender takes the place of the first. Each subscriber costs a thread, which
/// sleeps. Who is slower than the events finds them in its mailbox: name the kinds that are needed.
struct subscribe {
  std::vector<event_kind> kinds{}; ///< none: all
};
struct unsubscribe {};

/// What the error of a reply says, if the manager's actor has made it.
std::optional<rejection> why(const caf::error& error);

} // namespace msg

} // namespace taskactor

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_public, 5300)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::run_task)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::start_task)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::cancel)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::cancel_all)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::find)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::explain)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::status)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::statistics)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::subscribe)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::msg::unsubscribe)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::task_event)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::cancel_reply)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::task_info)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, std::vector<taskactor::task_info>)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::explanation)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::manager_statistics)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::exit_code)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_public)
