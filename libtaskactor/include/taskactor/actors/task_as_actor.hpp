/// A task as an actor among others: its address, and messages that say from whom they are.
///
///     #include <taskactor/actors/task_as_actor.hpp>     // taskactor.hpp doesn't: it has CAF's headers in it
///     ta::this_task::send(chopstick, take{});                  // the receiver sees this task as the sender
///     ta::this_task::send_after(chopstick, 10ms, put_back{});
///     self->monitor(h.actor());                                // see exit_code.hpp for what it hears
///
/// A task's actor can be monitored, linked and sent exit messages; one of reason `kill` kills its body, any
/// other is taken as a request to cancel. It has no mailbox: other messages to it are dropped, and
/// requests are answered by `unexpected_message`. So what is to be answered is asked by `request`
/// (request.hpp).
///
/// A waiting task has no actor yet, and after its end it has none any more: `handle::actor()` is null then.
/// What should hear of a task's end whenever that comes, waits for it by its handle, or by `msg::run`.
///
/// Errors: the functions of `this_task` throw `errc::not_in_task` outside of a task. Threads: on the thread
/// that runs the body, a coroutine's or one of `run_in_thread`.
#pragma once

#include <taskactor/actors/exit_code.hpp>
#include <taskactor/time_span.hpp>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <utility>

namespace taskactor {

namespace detail {
void send_from_task(const caf::strong_actor_ptr& to, caf::message content);
/// Errors: `errc::invalid_argument` for a negative time.
void send_from_task_after(const caf::strong_actor_ptr& to, std::chrono::nanoseconds delay,
                          caf::message content);
} // namespace detail

namespace this_task {

/// The actor that runs this task; never null.
caf::actor actor();

/// Sends a message, with this task as its sender. To a null handle: nothing.
template <class Handle, class... Ts>
void send(const Handle& to, Ts&&... message) {
  taskactor::detail::send_from_task(caf::actor_cast<caf::strong_actor_ptr>(to),
                                    caf::make_message(std::forward<Ts>(message)...));
}

/// The same, later, by the actor system's clock; also when the task has ended by then. It can't be taken
/// back. Units: `delay` counts from now.
template <class Handle, class... Ts>
void send_after(const Handle& to, time_span delay, Ts&&... message) {
  taskactor::detail::send_from_task_after(caf::actor_cast<caf::strong_actor_ptr>(to), delay,
                                          caf::make_message(std::forward<Ts>(message)...));
}

} // namespace this_task

} // namespace taskactor
