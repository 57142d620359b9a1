#include "lifecycle/attempt_ends.hpp"

#include "lifecycle/discard.hpp"
#include "lifecycle/end_states.hpp"
#include "lifecycle/global_tokens.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/retry_decisions.hpp"
#include "lifecycle/running_tasks.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_deadlines.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/task_termination.hpp"
#include "lifecycle/total_end.hpp"
#include "lifecycle/waiting_tasks.hpp"
#include "threads/disposal.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

namespace taskactor::detail {

namespace {

void end_overrun(manager_core& home, record& task, time_point now) noexcept {
  task.overrunning = false;
  if (task.phase == phase::overrun)
    home.overruns.end_left_behind();
  else
    home.overruns.end(now - time_point{clock::duration{task.ended_at.load(std::memory_order_relaxed)}});
}

} // namespace

void attempt_ends::on_down(ref<record> task, time_point now) { // NOLINT: it may be the last reference
  running_.remove(*task);
  deadlines_.remove(*task);
  waiting_.ready().remove_resuming(*task);
  waiting_.lines().give_back_all(*task, true);
  if (!task->extras || !task->extras->retry)
    finish_down(*task, now);
  else if (!waits_for_answer(*task, now))
    back_off_or_finish(*task, now);
}

/// Whether there is another attempt isn't known yet.
bool attempt_ends::waits_for_answer(record& task, time_point now) {
  if (!retries_.has_to_ask(task))
    return false;
  retries_.ask_once(task);
  if (!retries_.has_to_ask(task))
    return false; // it couldn't
  task.phase = phase::asking;
  const auto patient_until
      = after(now, std::max<std::chrono::nanoseconds>(home_.with().cancel_grace, kill_settle_time));
  const auto whole_end = total_end(task);
  if (whole_end <= patient_until)
    deadlines_.set(task, whole_end, end_reason::total_timeout);
  else
    deadlines_.set(task, patient_until, end_reason::none);
  return true;
}

void attempt_ends::on_retry_answered(record& task, std::size_t attempt, const retry_answer& answer) {
  const bool counts = retries_.answered(task, attempt, answer);
  if (task.phase == phase::gone)
    discard(home_, task, record::spare_part);
  if (!counts)
    return;
  if (task.phase == phase::asking) {
    deadlines_.remove(task);
    back_off_or_finish(task, home_.now());
  } else if (!is_final(task.state.load()) && !retries_.wait_before_retry(task)) { // its attempt still runs
    termination_.answer_and_overrun(task, home_.now());
  }
  ends_.settle_soon();
}

void attempt_ends::give_up_answer(record& task) {
  retries_.give_up(task);
  if (task.due_reason == end_reason::total_timeout && total_end(task) <= home_.now())
    termination_.end_attempt(task, failure{state::timed_out, end_reason::total_timeout, task.total_timeout});
  deadlines_.remove(task);
  back_off_or_finish(task, home_.now());
}

void attempt_ends::back_off_or_finish(record& task, time_point now) {
  const ref<record> keep{&task};
  if (!task.extras || !task.extras->retry || !back_off(task))
    finish_down(task, now);
}

/// True: the attempt has failed, and there will be another one. All of this one is gone.
bool attempt_ends::back_off(record& task) {
  constexpr std::size_t kept = 16;
  if (!task.decided())
    return false;
  const auto wait = retries_.wait_before_retry(task);
  auto expected = state::running;
  if (!wait || !task.state.compare_exchange_strong(expected, state::queued))
    return false;
  auto& extras = *task.extras;
  const auto now = home_.now();
  const auto text = "attempt " + std::to_string(extras.attempt) + " of "
                    + std::to_string(extras.retry->max_attempts) + ' ' + task.error_text() + "; the next in "
                    + to_text(*wait);
  {
    const std::lock_guard lock{extras.mutex};
    if (extras.attempts.size() == kept)
      extras.attempts.erase(extras.attempts.begin());
    extras.attempts.push_back({time_point{clock::duration{task.started_at.load()}}, now, task.error_text()});
    extras.next_attempt = after(now, *wait);
  }
  report(home_, event_kind::retrying, task, text);
  extras.attempt.fetch_add(1);
  extras.overdue = false;
  extras.leaves = false;
  auto thrown = task.failed()->cause();
  task.drop_outcome();
  home_.disposals().take(std::move(thrown)); // the last one that refers to it
  task.forget_stop();
  task.control.store(0, std::memory_order_release);
  task.deadline_at.store(clock::duration::max().count(), std::memory_order_relaxed);
  if (task.token.end())
    tokens_.put();
  if (auto* const gone = part_actor(task))
    gone->release();
  waiting_.back_off(task, after(now, *wait));
  ends_.settle_soon();
  return true;
}

/// The caller has a reference.
void attempt_ends::finish_down(record& task, time_point now) {
  if (task.overrunning.load(std::memory_order_relaxed))
    end_overrun(home_, task, now);
  task.phase = phase::gone;
  // Not at its end state: a further attempt may be about to begin then, with a copy of it.
  if (task.extras && !task.extras->is_asked)
    discard(home_, task, record::spare_part);
  if (task.decide()) { // the actor was dropped without having run: there is no other way to get here
    task.fail(failure{state::cancelled, task.reason.load()});
    task.deliver();
  }
  const bool lingered = is_final(task.state.load(std::memory_order_relaxed));
  ends_.give(task, now);
  if (lingered || task.kind == record_kind::gather_slot)
    home_.table().gone(task);
  if (auto* const actor = std::exchange(task.actor, nullptr)) // else its last attempt goes on with it
    actor->release();
  waiting_.gone(task);
  if (task.token.end())
    tokens_.put();
  ends_.settle_soon();
}

void attempt_ends::on_attempt_left(record& task, record& rest) {
  if (task.actor == nullptr)
    return; // it has ended meanwhile
  const auto now = home_.now();
  deadlines_.remove(task);
  waiting_.ready().remove_resuming(task);
  hand_over(task, rest);
  begin_overrun(home_, rest, now);
  home_.overruns.left_behind();
  report(home_, event_kind::overrun, rest);
  back_off_or_finish(task, now); // it ends if it was asked to meanwhile
  ends_.settle_soon();
}

/// The place among the running, the actor and the tokens are those of the attempt that goes on.
void attempt_ends::hand_over(record& task, record& rest) {
  rest.id = task.id;
  rest.home = task.home;
  rest.parent_length = task.parent_length;
  rest.submitted = task.submitted;
  rest.sequence = task.sequence;
  rest.started_at = task.started_at.load();
  rest.ended_at = home_.now().time_since_epoch().count();
  rest.state = state::timed_out;
  rest.reason = end_reason::run_timeout;
  rest.phase = phase::overrun;
  running_.replace(task, rest);
  rest.actor = part_actor(task);
  if (task.token.end())
    rest.token.begin();
  if (task.belongs_to && task.belongs_to->attempt_left_behind(rest))
    rest.belongs_to = task.belongs_to;
  home_.table().linger(rest);
  waiting_.lines().hand_over(task, rest);
}

} // namespace taskactor::detail
