/// The messages between taskactor's own actors: imperative to ask, past tense to tell. No atoms, no strings.
#pragma once

#include "caf_adapter/compat.hpp"
#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/caf_message.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/manager_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace taskactor::detail {

class named_limiter;

// -- to the manager ---------------------------------------------------------
/// Records have been admitted to the table since the last one of these was handled.
struct work_admitted {};
/// The record's state has been set to cancelling by the caller.
struct end_task {
  ref<record> task;
  end_reason why;
};
struct end_tasks {
  std::vector<ref<record>> tasks;
  end_reason why;
};
/// A CAF exit message has reached a task from outside.
struct exit_received {
  ref<record> task;
  bool kill;
};
/// A body takes tokens of named limiters, or gives them back; or doesn't want them any more.
struct claim_tokens {
  ref<record> claim;
  ref<record> task; // lends its own token if it has to wait
};
struct claim_over {
  ref<record> claim;
  bool used; // there was a permit
};
/// A limiter's capacity has changed; null: the global one's.
struct limiter_resized {
  named_limiter* which;
};
struct stop {
  shutdown_options bounds;
};
/// The manager's to itself, behind what has come already.
struct settle_ends {};
/// Bodies have something to tell since the last one of these was handled (`lifecycle/notification_list.hpp`).
struct bodies_told {};
/// The actor of a task that may have another one has ended.
struct attempt_ended {
  ref<record> task;
};
/// The task can have another attempt: what still runs of the last one goes by itself.
struct attempt_left {
  ref<record> task;
  ref<record> rest;
};
/// What `retry_on` says of an attempt that the manager has ended.
struct retry_answered {
  ref<record> task;
  std::size_t attempt;
  retry_answer answer;
};
/// A point in time that a clock was asked for has come.
struct alarm_rang {
  time_point due;
};

// -- between limiters and those who hold their tokens -----------------------
struct acquire_tokens {
  std::size_t count;
};
struct release_tokens {
  std::size_t count;
};
/// Tokens that were not used; `seen`: the `last` of the newest grant when they were taken.
struct return_unused {
  std::size_t count;
  std::uint64_t seen;
};
struct resize_limiter {
  std::size_t capacity;
};
struct set_rate {
  std::optional<rate> allowed;
};
struct tokens_granted {
  std::size_t count;
  std::uint64_t last; // the number of the last of them
};
/// Give so many back as soon as they are idle.
struct tokens_recalled {
  std::size_t count;
};

// -- to the API actor -------------------------------------------------------
/// The task of a user's `msg::run` has ended.
struct run_over {
  std::uint64_t number;
};
/// A copy of its result was made elsewhere, or that has thrown.
struct run_replied {
  std::uint64_t number;
  caf::message reply;
  caf::error fault;
};

// -- to the broker of a link ------------------------------------------------
struct adopt_socket {
  int number;
};
/// There is something in the link's buffer.
struct send_frames {};
struct cut_link {};

// -- to the pool of workers -------------------------------------------------
struct look_for_idle {};
/// There may be a worker, or a thread, for who has waited for one.
struct start_again {};

// -- to observers -----------------------------------------------------------
struct events_queued {};

} // namespace taskactor::detail

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor, 5200)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::work_admitted)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::end_task)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::exit_received)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::claim_tokens)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::claim_over)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::set_rate)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::stop)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::end_tasks)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::settle_ends)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::bodies_told)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::attempt_ended)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::alarm_rang)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::retry_answered)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::attempt_left)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::acquire_tokens)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::release_tokens)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::resize_limiter)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::tokens_granted)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::tokens_recalled)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::events_queued)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::run_over)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::run_replied)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::adopt_socket)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::send_frames)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::cut_link)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::look_for_idle)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::start_again)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::limiter_resized)
TASKACTOR_LOCAL_MESSAGE(taskactor, taskactor::detail::return_unused)
TASKACTOR_LOCAL_MESSAGES_END(taskactor)
