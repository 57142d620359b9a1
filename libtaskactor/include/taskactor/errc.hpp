/// The closed set of errors that taskactor itself reports.
///
/// A body's own exception is never turned into one of these: it travels whole.
#pragma once

#include <string>
#include <system_error>
#include <type_traits>

namespace taskactor {

enum class errc {
  /// A task with this id is waiting or running. Checked before anything else.
  duplicate_id = 1,
  /// `max_queue` tasks are waiting or running. Nothing was admitted; try again when some have ended.
  queue_full,
  /// The manager is shutting down or has ended, and takes no more work.
  stopping,
  /// An option, an argument or an environment variable has a value that can't be used; the message names it.
  invalid_argument,
  /// A blocking call was made from a coroutine body, where it would hold a scheduler thread: use `co_await`.
  would_block,
  /// A function of `this_task`, or an awaitable, was used outside of a task.
  not_in_task,
  /// The program to run was not found: no such file, or nothing of that name on the PATH.
  command_not_found,
  /// The program exists but can't be executed: no permission, a directory, or not in an executable format.
  command_not_executable,
  /// The program couldn't be started for want of resources (descriptors, processes, memory), and there was no
  /// other command whose end could have made room.
  command_not_started,
  /// The task did not end with a value: it was cancelled.
  task_cancelled,
  /// The task did not end with a value: its time was up.
  task_timed_out,
  /// The time of a `fail_after` or `fail_at` in a body was up.
  scope_timed_out,
  /// The task did not end with a value: its body threw. Of replies to actors; handles throw the exception
  /// itself.
  task_failed,
  /// No task of this id waits or runs, or has ended not too long ago.
  unknown_id,
  /// No task is registered under this name.
  unknown_task,
  /// A named task can't be called with these arguments: their number, a type, or a value that doesn't fit.
  bad_arguments,
  /// The process that ran a call has died under it; the message says of what.
  worker_lost,
  /// There is no worker process for a call; the message says why, with the process's own last words.
  worker_not_started,
  /// A library of named tasks can't be loaded; the message says which, and why.
  library_not_loaded,
  /// Another actor has answered a `request` with an error, or has ended.
  request_failed,
  /// No service of this name is under the supervisor.
  unknown_service,
  /// The service doesn't run now and the caller didn't want to wait, or it won't run any more.
  service_down,
  /// A supervisor has ended, since a child didn't start or had to be restarted too often; the message says
  /// which.
  supervisor_gave_up,
  /// A node was lost, and a call with it that may have begun there.
  node_lost,
  /// There is no other node that a call could run on: none of this name or label is known, or this one
  /// leaves.
  no_node,
  /// Another node doesn't allow this one to run a task, or not so many at once; or the system doesn't let
  /// this program start a command as another user, or signal it.
  not_permitted,
  /// The task's value, which can't be copied, has been taken by another handle; or this one can't take it,
  /// since others may be looking at it.
  result_taken,
  /// A coroutine with a result has ended without one: there is a way through it that doesn't `co_return`.
  no_value,
  /// A call has ended the thread that it was made on (`pthread_exit`), so there is no value.
  thread_ended,
  /// A channel, or another thing that tasks wait at, was closed: by hand, or since its last copy is gone.
  closed,
  /// Another task awaits this descriptor, or these signals; there is one waiter at a time.
  already_awaited,
  /// Whoever was to resume a `callback` has destroyed its `resumer` without a call: nothing can come.
  abandoned,
  /// A child whose start is waited for (`task_group::start_ready`) has ended without saying that it has
  /// started.
  never_ready,
  /// A child has said twice that it has started.
  already_ready,
  /// The task hasn't run, since one that it was to run after (`task_options::after`) has failed or was
  /// cancelled.
  predecessor_failed,
  /// A `task_local` has no value where it was asked for.
  not_set,
  /// The command has ended: there is no process to send a signal to.
  command_ended,
  /// A store can't be used: its file can't be opened, isn't a store, is one of a newer release, or is
  /// damaged.
  store_unusable,
  /// A call of a store has failed: the disk is full, or others have held its lock for too long. Nothing of it
  /// was written.
  store_failed,
  /// A call of a store has taken longer than `store_options::call_timeout`. Whether it was made isn't known;
  /// it may be made yet.
  store_timed_out,
  /// There is no job of this id in the store: there never was, or it isn't kept any more.
  unknown_job,
  /// The arguments or the result of a job are larger than its store takes.
  payload_too_large,
  /// The job's runners have died under it too often: it isn't run again by itself.
  quarantined,
  /// The job hadn't begun when its time was over.
  job_expired,
  /// A trigger has no next fire, or the schedule has ended: the message says why.
  never,
  /// As many fires of the schedule run as may at once.
  overlapping,
  /// A job was to run after one that isn't in the store: it never was, or isn't kept any longer. Nothing was
  /// pushed.
  unknown_parent,
};

/// The category of `errc`, named "taskactor".
const std::error_category& error_category() noexcept;

/// Makes `errc` usable as `std::error_code`.
std::error_code make_error_code(errc code) noexcept;

/// The one-line meaning of a code, in plain words.
std::string to_string(errc code);

} // namespace taskactor

template <>
struct std::is_error_code_enum<taskactor::errc> : std::true_type {};
