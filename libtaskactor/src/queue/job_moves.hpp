/// Where a job goes when something happens to it: the decisions that all stores make alike. Pure.
///
/// What holds of them all:
///
/// - `number` of an attempt is that of the claim: a retry of an ended job sets its attempts and losses to
///   zero, and goes on counting claims.
/// - A row keeps its seq while it is claimed, and comes back with it when it is released, or its runner has
///   left or was lost. Another seq is drawn when a job becomes ready by push, its time, or a retry.
/// - `expires` goes once a body has begun: it limits the wait for the first begin.
/// - `ended_token` is of the last claim, once its `finish` was written: a finish with it is `repeated`.
///   Rescue and a runner that leaves don't set it: that runner's finish is `stale`.
/// - A job whose cancellation was asked for isn't made ready or delayed again: it ends as cancelled.
/// - Rates: a claim that ends before its body has begun (released, left, rescued) gives its tokens back.
/// - Runners: a beat or a claim makes the row, but not of a dead incarnation, which is fenced. Dead rows are
///   pruned after a day.
/// - What a push answered is kept by its request for a day, of a duplicate, too, and when the job is gone.
/// - A key for a period outlives its job, whatever becomes of it. A replacement leaves the period as it was;
///   a ready job that is replaced, and is ready still, keeps its seq.
#pragma once

#include "queue/store_backend.hpp"

#include <taskactor/queue/job_state.hpp>
#include <taskactor/queue/push_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

inline constexpr std::size_t losses_to_quarantine = 3;
inline constexpr std::size_t attempts_kept = 20;    // of a job, the last
inline constexpr std::size_t expired_at_once = 500; // by one claim
inline constexpr const char* expired_error = "its time was over before it had begun";
inline constexpr std::chrono::hours requests_kept{24}, dead_runners_kept{24};

/// `from + d`; what is too far away is never.
constexpr store_time store_time_after(store_time from, store_duration d) noexcept {
  return store_time{store_duration{saturated_sum(from.time_since_epoch().count(), d.count())}};
}

// -- the end of a claim -----------------------------------------------------

struct job_counts {
  std::size_t attempts = 0, losses = 0, snoozes = 0;
};

/// Whether a claim of it has ended without a word, or by the loss of its runner: see `claimed_job`. So do
/// those that were released, of which that is asked in vain.
constexpr bool is_silent(const job_counts& counts, std::size_t claims) noexcept {
  return counts.losses != 0 || claims > counts.attempts + counts.snoozes;
}

/// Of an attempt.
inline constexpr std::string_view lost_attempt = "lost";

/// What becomes of a running row.
struct job_move {
  job_state to{};
  bool keeps_place = false;      // of `ready`: with the seq that it had
  job_counts counts;             // after it
  std::optional<store_time> due; // of `delayed`
  bool expiry_goes = false;      // a body has begun
  std::string_view attempt;      // the word of an attempt to be written down; empty: none
  std::string error;             // of a loss, which nobody else can tell
  bool gives_rate_back = false;
  std::uint64_t store_counters::*counter = nullptr; // to be counted up
};

/// `begun`: by the row, or by what the runner says.
inline job_move move_at_end(const job_end& end, const job_counts& before, bool begun, bool cancel_requested,
                            store_time now) {
  job_move move{.counts = before, .expiry_goes = begun, .gives_rate_back = !begun};
  const auto ends = [&](job_state state, std::uint64_t store_counters::*counter) {
    move.to = state;
    move.counter = counter;
  };
  const auto waits = [&](std::uint64_t store_counters::*counter) {
    if (cancel_requested)
      return ends(job_state::cancelled, &store_counters::cancelled);
    ends(end.delay.count() > 0 ? job_state::delayed : job_state::ready, counter);
    if (move.to == job_state::delayed)
      move.due = store_time_after(now, end.delay);
  };
  const auto attempt = [&](std::string_view otherwise) {
    move.attempt = end.word.empty() ? otherwise : std::string_view{end.word};
  };
  switch (end.how) {
  case claim_end::succeeded:
    ends(job_state::succeeded, &store_counters::succeeded);
    break;
  case claim_end::cancelled:
    ends(job_state::cancelled, &store_counters::cancelled);
    break;
  case claim_end::quarantined:
    ends(job_state::quarantined, &store_counters::quarantined);
    break;
  case claim_end::failed:
    ++move.counts.attempts;
    attempt("failed");
    ends(job_state::failed, &store_counters::failed);
    break;
  case claim_end::retry:
    ++move.counts.attempts;
    attempt("failed");
    waits(&store_counters::retried);
    break;
  case claim_end::snooze:
    ++move.counts.snoozes;
    attempt("snoozed");
    waits(&store_counters::snoozed);
    break;
  case claim_end::released:
    if (cancel_requested)
      ends(job_state::cancelled, &store_counters::cancelled);
    else
      ends(job_state::ready, &store_counters::released);
    move.keeps_place = true;
    break;
  }
  return move;
}

/// Of a runner that has left; its bodies have ended.
inline job_move move_at_leave(const job_counts& before, bool begun, bool cancel_requested, store_time now) {
  return move_at_end({.id = 0, .token = 0, .how = claim_end::released}, before, begun, cancel_requested, now);
}

/// Of a runner that was lost. An attempt "lost" counts in `store_counters::lost`, too, whatever `counter` is.
inline job_move move_at_loss(const job_counts& before, bool begun, bool cancel_requested,
                             const std::string& runner, store_time now) {
  if (!begun)
    return move_at_leave(before, false, cancel_requested, now);
  job_move move{.to = job_state::ready,
                .keeps_place = true,
                .counts = before,
                .expiry_goes = true,
                .attempt = lost_attempt,
                .error = "its runner " + runner + " was lost"};
  if (++move.counts.losses >= losses_to_quarantine) {
    move.to = job_state::quarantined;
    move.error = "its runners have died under it " + std::to_string(move.counts.losses) + " times";
    move.counter = &store_counters::quarantined;
  } else if (cancel_requested) {
    move.to = job_state::cancelled;
    move.counter = &store_counters::cancelled;
  }
  return move;
}

/// What `finish` answers of a job that there is.
constexpr end_reply reply_to_end(bool is_running, claim_token of_row, claim_token ended_token,
                                 claim_token said) noexcept {
  if (is_running)
    return of_row == said ? end_reply::done : end_reply::stale;
  return ended_token == said ? end_reply::repeated : end_reply::stale;
}

// -- pushes -----------------------------------------------------------------

/// When a pushed job is ready; not later than now: at once.
inline store_time due_of(const new_job& job, store_time now) noexcept {
  return job.at ? *job.at : store_time_after(now, job.delay);
}

/// What a push does that finds its key taken by a job; `state` is empty if that job is gone.
inline push_result on_taken_key(taskactor::on_taken wish, std::optional<job_state> state) noexcept {
  const bool waits = state == job_state::ready || state == job_state::delayed || state == job_state::blocked;
  return wish == on_taken::replace && waits ? push_result::replaced : push_result::duplicate;
}

/// A key that is taken for a period only is free from then on.
constexpr bool is_taken(std::optional<store_time> until, store_time now) noexcept {
  return !until || now < *until;
}

// -- control ----------------------------------------------------------------

inline control_reply reply_to_cancel(job_state state) noexcept {
  if (is_final(state))
    return control_reply::ended;
  return state == job_state::running ? control_reply::requested : control_reply::done;
}

// -- output -----------------------------------------------------------------

/// What is kept of a job's output: its head, its tail, and how many bytes between them weren't.
class kept_output {
public:
  static constexpr std::size_t head_size = 64 * 1024, tail_size = 192 * 1024;

  void append(std::string_view more) {
    const auto to_head = std::min(more.size(), head_size - head.size());
    head += more.substr(0, to_head);
    more.remove_prefix(to_head);
    if (more.size() > tail_size) {
      lost += tail.size() + more.size() - tail_size;
      tail = more.substr(more.size() - tail_size);
      return;
    }
    tail += more;
    if (tail.size() > tail_size) {
      lost += tail.size() - tail_size;
      tail.erase(0, tail.size() - tail_size);
    }
  }

  /// As a note has it: what another one has kept of more.
  void append(const claim_note& of) {
    append(of.output);
    lost += of.output_lost; // its head was full, and so is this one
    append(of.output_tail);
  }

  std::string head, tail;
  std::uint64_t lost = 0;
};

} // namespace taskactor::detail
