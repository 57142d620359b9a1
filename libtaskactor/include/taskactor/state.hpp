/// The states of a task, and one pure function for each edge between them.
///
///     queued ---token---> running ---------body ends----------> completed | failed
///       |                    |  \--deadline--> timed_out            ^
///       |cancel              |cancel                                | a body that finishes first wins
///       v                    v                                      |
///     cancelled          cancelling --body ends, or is killed--> cancelled
///       (a queued task whose time is up goes to timed_out without ever starting)
///
/// Each function takes what is known and returns a closed enum that tells the caller what to do next. Only
/// the manager writes an end state, and exactly one per task, whatever races.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace taskactor {

enum class state : std::uint8_t { queued, running, cancelling, completed, failed, cancelled, timed_out };

/// True for the four states that nothing follows.
constexpr bool is_final(state s) noexcept { return s >= state::completed; }

std::string_view to_string(state s) noexcept;
std::ostream& operator<<(std::ostream& out, state s);

/// Why a task ended as it did; `none` for completed, and for failed by the body's own exception.
enum class end_reason : std::uint8_t {
  none,
  queue_timeout,     ///< waited longer for its tokens than `queue_timeout`
  run_timeout,       ///< ran longer than `timeout`
  total_timeout,     ///< waited and ran longer than `total_timeout`
  cancel_requested,  ///< `cancel_task`, or a CAF exit message from outside
  parent_ended,      ///< the task or gather that it belongs to was cancelled or ran out of time
  group_ended,       ///< its group or gather was cancelled, a sibling failed, or enough had completed
  shed,              ///< it waited in a full queue, and another one was admitted in its place
  replaced,          ///< another task of its id was admitted in its place
  shutdown,          ///< the manager was shut down
  not_started,       ///< an item of a gather that ended before the item's turn came
  predecessor_ended, ///< a task that it was to run after has failed or was cancelled
};

std::string_view to_string(end_reason why) noexcept;

/// What `cancel_task` answers, at once.
enum class cancel_reply : std::uint8_t {
  requested,         ///< this call asked for it; the task ends soon, or is killed after `cancel_grace`
  already_requested, ///< an earlier call did
  finished,          ///< too late: it has ended (or its end is already decided)
  unknown,           ///< no task of that id, now or in the ring of ended ones
};

std::string_view to_string(cancel_reply reply) noexcept;

namespace detail {

/// Edge: somebody asks to cancel.
enum class cancel_step : std::uint8_t { drop_waiting, signal_body, already_asked, too_late };
[[nodiscard]] constexpr cancel_step on_cancel_request(state s) noexcept {
  switch (s) {
  case state::queued:
    return cancel_step::drop_waiting;
  case state::running:
    return cancel_step::signal_body;
  case state::cancelling:
    return cancel_step::already_asked;
  default:
    return cancel_step::too_late;
  }
}

/// Edge: a token is at hand. A task cancelled before its token never starts.
enum class token_step : std::uint8_t { start, skip };
[[nodiscard]] constexpr token_step on_token(state s) noexcept {
  return s == state::queued ? token_step::start : token_step::skip;
}

/// Edge: one of the three clocks has run out. `decided`: the body has ended, its actor's end is on
/// its way.
enum class deadline_step : std::uint8_t { end_waiting, answer_and_signal, ignore };
[[nodiscard]] constexpr deadline_step on_deadline(state s, bool started, bool decided) noexcept {
  if (is_final(s) || decided)
    return deadline_step::ignore;
  return started ? deadline_step::answer_and_signal : deadline_step::end_waiting;
}

/// How a body came to its end.
enum class body_end : std::uint8_t { none, returned, threw, stopped, killed };

/// Edge: the body has ended. `asked`: cancellation had been requested. A body that finishes first has
/// completed; one that throws `cancelled_error` without a request has failed: only a request makes
/// `cancelled`.
[[nodiscard]] constexpr state on_body_end(body_end how, bool asked) noexcept {
  switch (how) {
  case body_end::returned:
    return state::completed;
  case body_end::stopped:
    return asked ? state::cancelled : state::failed;
  case body_end::killed:
    return state::cancelled;
  default:
    return state::failed;
  }
}

/// Edge: the body was asked to end, and another stretch of its time is over.
enum class grace_step : std::uint8_t { kill, leave_behind, ignore };
[[nodiscard]] constexpr grace_step on_grace_over(bool killed, bool left_behind) noexcept {
  if (left_behind)
    return grace_step::ignore;
  return killed ? grace_step::leave_behind : grace_step::kill;
}

} // namespace detail
} // namespace taskactor
