/// `task_manager::actor()`: a manager as an ordinary CAF actor sees it. It is asked by messages, and never
/// blocks.
///
///     #include <taskactor/run/messages.hpp>     // taskactor.hpp doesn't: it has CAF's headers in it
///     self->request(tasks.actor(), caf::infinite, ta::msg::run({.timeout = 5s}, fetch, url))
///         .then([](const page& p) { ... }, [](const caf::error& e) { ... ta::msg::why(e)->code ... });
///
/// | message              | reply                                                                     |
/// |----------------------|---------------------------------------------------------------------------|
/// | `msg::run(...)`      | the body's value, when the task has ended; void: an empty one              |
/// | `msg::start(...)`    | the task's id (`std::string`), when it is admitted                         |
/// | `msg::cancel{id}`    | `cancel_reply`                                                             |
/// | `msg::cancel_all{}`  | how many were asked to end (`std::size_t`)                                 |
/// | `msg::find{id}`      | `task_info`, or the error `unknown_id`                                     |
/// | `msg::explain{id}`   | `explanation`, or the error `unknown_id`                                   |
/// | `msg::status{}`      | `std::vector<task_info>`, as `task_manager::task_status`                   |
/// | `msg::statistics{}`  | `manager_statistics`                                                       |
/// | `msg::subscribe{..}` | an empty one; from then on an `event` message for each, until the end of its
/// sender | | `msg::unsubscribe{}` | an empty one |
///
/// They are for actors of one process. A value that `run` replies with must be a message type of the
/// program's.
///
/// Errors: a `caf::error` with `caf::sec::runtime_error`, from which `why` reads code and text: of admission
/// as `add_task`'s; `task_failed`, `task_cancelled`, `task_timed_out` for a task without a value. Threads:
/// any. Stops: who asks and ends cancels nothing. The actor ends with the manager, after the last reply; an
/// exit message from outside ends it at once, and no task.
#pragma once

#include <taskactor/caf_message.hpp>
#include <taskactor/observe/event.hpp>
#include <taskactor/run/admit.hpp>
#include <taskactor/run/explanation.hpp>
#include <taskactor/run/manager_options.hpp>

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

namespace detail {

/// A body on its way to the manager, and then its handle.
class submission {
public:
  virtual ~submission() = default;
  /// Once. `admitted`: what was admitted or joined.
  virtual std::optional<rejection> admit(runtime& where, ref<record>& admitted) = 0;
  /// What the ended task replies with.
  virtual caf::message reply() const = 0;
  virtual const failure* failed() const = 0;
  task_options options;
};

template <class T, class Body>
class typed_submission final : public submission {
public:
  explicit typed_submission(ref<Body> body) : body_(std::move(body)) {}

  std::optional<rejection> admit(runtime& where, ref<record>& admitted) override {
    if (!body_)
      return rejection{errc::invalid_argument, "a message that submits a body can be sent once"};
    auto made = handle<T>{body_};
    auto body = std::exchange(body_, {});
    ref<record> joined, same = body;
    auto refused = detail::admit(where, std::move(body), std::move(options), joined);
    auto got = handle_of(std::move(made), std::move(refused), joined);
    if (!got)
      return got.error();
    admitted = joined ? std::move(joined) : std::move(same);
    handle_ = std::move(*got);
    return {};
  }
  caf::message reply() const override {
    if constexpr (std::is_void_v<T>)
      return caf::make_message();
    else
      return caf::make_message(**handle_->try_outcome());
  }
  const failure* failed() const override {
    const auto* how = handle_->try_outcome();
    return *how ? nullptr : &how->error();
  }

private:
  ref<Body> body_;
  std::optional<handle<T>> handle_;
};

template <class F, class... Args>
std::shared_ptr<submission> submit(task_options options, F&& body, Args&&... args) {
  using made = body_record<std::decay_t<F>, std::decay_t<Args>...>;
  auto result = std::make_shared<typed_submission<body_result<F, Args...>, made>>(
      make_body(std::forward<F>(body), std::forward<Args>(args)...));
  result->options = std::move(options);
  return result;
}

} // namespace detail

namespace msg {

struct run_task {
  std::shared_ptr<detail::submission> what;
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
  return {detail::submit(std::move(options), std::forward<F>(body), std::forward<Args>(args)...)};
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
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::event)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::cancel_reply)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::task_info)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, std::vector<taskactor::task_info>)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::explanation)
TASKACTOR_LOCAL_MESSAGE(taskactor_public, taskactor::manager_statistics)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_public)
