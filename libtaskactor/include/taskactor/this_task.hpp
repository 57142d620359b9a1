/// What running code may ask and say about its own task, from a coroutine or from a thread that works for it.
///
/// Errors: each throws `std::system_error{errc::not_in_task}` when the calling code is not part of a task.
/// Threads: to be called on the thread that runs the body.
#pragma once

#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace taskactor::this_task {

/// The task's id; an item of a gather has the gather's id, a slash and its index: "gather-1/17".
std::string id();

/// When the time is up of the task, or of a scope that the caller is in, whichever comes first; in a `shield`
/// that of the scopes inside it only. No later than now once `cancel_requested()`; `time_point::max()` when
/// there is no limit.
std::chrono::steady_clock::time_point deadline();

/// What is left until `deadline()`; zero when it has passed and once `cancel_requested()`,
/// `nanoseconds::max()` without a limit.
std::chrono::nanoseconds remaining();

/// True once the task, or a scope that the caller is in, is cancelled or has run out of time, and no `shield`
/// is in between. A long computation looks at it now and then.
bool cancel_requested();

/// A token that is stopped when the task is asked to end, for what takes one: a library's call, a loop in a
/// function that knows nothing of tasks. In a call on a thread it is that call's, as its `std::stop_token`
/// parameter is. It says nothing of scopes: those end awaits. A further attempt has a token of its own.
/// Callbacks that are registered with it run on a thread that nobody waits for, or, of a thread's call, on
/// that of its task. Where no thread or no memory can be had for that it is stopped later, or not at all:
/// `cancel_requested` needs neither. Errors: `std::bad_alloc`.
std::stop_token stop_token();

/// Throws `cancelled_error` if `cancel_requested()`: how a body on a thread ends as cancelled. One that just
/// returns has completed, asked to stop or not.
void throw_if_cancelled();

/// Records how far the task is, for `find`, `task_status` and observers. The last report wins.
/// Units: of `done` and `total` the caller's own; total zero means unknown.
void report_progress(std::uint64_t done, std::uint64_t total, std::string text = {});

/// Which attempt at the task this is, counted from one (see `retry`).
std::size_t attempt();

/// Of a call that another node has made of this one: how often it has been sent somewhere, counted from one.
/// An idempotent call whose node is lost is sent again with the next fencing token, and what the earlier one
/// still does counts no more: what has to be written once is written with it, and what carries a lower one
/// refused. What runs of it in a worker (`run_in_process`) has the same; what this process has begun itself,
/// one.
std::uint64_t fencing_token();

/// Ends this attempt as failed, and asks for another one after `wait`, whatever `retry_on` says; as long as
/// attempts and time are left. Units: `wait` from now, in place of the wait that `retry` gives.
[[noreturn]] void retry_after(time_span wait, const std::string& why = {});

/// This attempt is the last one, however it ends.
void forbid_retry();

/// The present time of the task's actor system.
std::chrono::steady_clock::time_point now();

} // namespace taskactor::this_task
