// Whether an attempt that has failed is followed by another one.
#include "caf_adapter/compat.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_actor.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/retry_question.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"
#include "threads/disposal.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

/// How long to wait for another attempt; empty: its failure is final.
std::optional<std::chrono::nanoseconds> manager_actor::wait_before_retry(const record& task) const {
  const auto* what = failure_of_attempt(task);
  if (stage_ >= shutdown_stage::cancelling || !what || !may_try_again(task, *what) || has_to_ask(task))
    return {};
  auto& facts = *task.extras;
  const auto attempt = facts.attempt.load();
  if (std::exchange(facts.drawn_for, attempt) != attempt) { // looked at twice, when its time was up
    const auto said = facts.asked_about == attempt ? facts.answer : ask_retry(task, *what);
    facts.next_wait = {};
    if (said.again)
      facts.next_wait
          = plus(said.wait, random_below(home_.decides(), said.exact ? std::chrono::nanoseconds{0}
                                                                     : facts.retry->backoff.jitter));
  }
  const auto wait = facts.next_wait;
  if (!wait
      || (task.total_timeout != no_timeout
          && after(home_.now(), *wait) >= after(task.submitted, task.total_timeout)))
    return {};
  return wait;
}

/// A user's `retry_on` hasn't said what it thinks of an outcome that the manager has written: it is asked on
/// another thread.
bool manager_actor::has_to_ask(const record& task) const {
  if (!task.extras || !task.extras->retry || !task.extras->retry->retry_on || !task.decided())
    return false;
  const auto* what = failure_of_attempt(task);
  return task.extras->asked_about != task.extras->attempt && stage_ < shutdown_stage::cancelling && what
         && may_try_again(task, *what);
}

/// Its actor is down, and whether there is another attempt isn't known yet.
bool manager_actor::waits_for_answer(record& task, time_point now) {
  if (has_to_ask(task) && task.extras->open_question != task.extras->attempt)
    ask_about(task);
  if (!has_to_ask(task))
    return false;
  task.phase = phase::asking;
  const auto patient_until
      = after(now, std::max<std::chrono::nanoseconds>(home_.with().cancel_grace, kill_settle_time));
  const auto total_end = after(task.submitted, task.total_timeout);
  if (total_end <= patient_until)
    due_at(task, total_end, end_reason::total_timeout);
  else
    due_at(task, patient_until, end_reason::none);
  arm();
  return true;
}

void manager_actor::ask_about(record& task) noexcept {
  const auto attempt = task.extras->attempt.load();
  task.extras->open_question = attempt;
  try {
    const auto answer = [which = ref<record>{&task}, attempt](retry_answer given) {
      post(which->home->manager(), retry_answered{which, attempt, given});
    };
    task.extras->is_asked = true;
    home_.disposals().call(
        task.id, [answer, &task, what = *task.failed()] { answer(ask_retry(task, what)); },
        [answer] { answer({}); }); // without a thread: no
  } catch (...) {                  // NOLINT: no memory to ask: as if it had said no
    task.extras->is_asked = false;
    task.extras->asked_about = attempt;
    task.extras->answer = {};
  }
}

void manager_actor::on_retry_answered(record& task, std::size_t attempt, retry_answer answer) {
  auto& facts = *task.extras;
  facts.is_asked = false;
  if (task.phase == phase::gone)
    discard(task, record::spare_part);
  if (facts.asked_about == attempt || facts.attempt != attempt)
    return; // it was given up
  facts.asked_about = attempt;
  facts.answer = answer;
  if (task.phase == phase::asking) {
    deadlines_.remove(task);
    back_off_or_finish(task, home_.now());
  } else if (!is_final(task.state.load()) && !wait_before_retry(task)) { // its attempt still runs
    give_end_state(task, home_.now());
    begin_overrun(task, home_.now());
  }
  settle_soon();
  arm();
}

void manager_actor::back_off_or_finish(record& task, time_point now) {
  const ref<record> keep{&task};
  if (!task.extras || !task.extras->retry || !back_off(task))
    finish_down(task, now);
}

/// Who doesn't answer in time says no.
void manager_actor::give_up_answer(record& task) {
  task.extras->asked_about = task.extras->attempt;
  task.extras->answer = {};
  if (task.due_reason == end_reason::total_timeout
      && after(task.submitted, task.total_timeout) <= home_.now())
    end_attempt(task, failure{state::timed_out, end_reason::total_timeout, task.total_timeout});
  deadlines_.remove(task);
  back_off_or_finish(task, home_.now());
}

/// What is left of an attempt (a thread in a call) keeps its actor and its tokens; the next one has its own.
bool manager_actor::asks_to_leave(record& task, time_point now) {
  if (!task.extras || !task.extras->retry || std::exchange(task.extras->leaves, true)
      || !wait_before_retry(task))
    return false;
  due_at(task, after(now, kill_settle_time), end_reason::none);
  static_cast<task_actor*>(task.actor)->leave_attempt();
  return true;
}

void manager_actor::on_attempt_left(ref<record> task, ref<record> rest) { // NOLINT: messages own them
  read_notifications(); // what it told before comes first, as at its end
  if (task->actor == nullptr)
    return; // NOLINT: it has ended meanwhile
  const auto now = home_.now();
  deadlines_.remove(*task);
  resuming_.remove(*task);
  hand_over(*task, *rest);
  begin_overrun(*rest, now);
  home_.overruns.fetch_add(1, std::memory_order_relaxed);
  home_.young_overruns.fetch_sub(1, std::memory_order_relaxed);
  detail::report(home_, event_kind::overrun, *rest);
  back_off_or_finish(*task, now); // it ends if it was asked to meanwhile
  settle_soon();
}

/// The place among the running, the actor and the tokens are those of the attempt that goes on.
void manager_actor::hand_over(record& task, record& rest) {
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
  rest.running_index = task.running_index;
  running_[task.running_index] = ref<record>{&rest};
  rest.actor = part_actor(task);
  if (task.token.end())
    rest.token.begin();
  if (task.belongs_to && task.belongs_to->attempt_left_behind(rest))
    rest.belongs_to = task.belongs_to;
  home_.table().linger(rest);
  if (task.extras->taken == 0)
    return;
  rest.extras = std::make_unique<task_extras>();
  rest.extras->needs = task.extras->needs;
  rest.extras->taken = std::exchange(task.extras->taken, 0);
  for (std::size_t i = 0; i < rest.extras->taken; ++i) {
    auto& holders = rest.extras->needs[i].limiter->holders;
    holders.erase({task.sequence, &task});
    holders.emplace(rest.sequence, &rest);
  }
}

/// True: the attempt has failed, and there will be another one. All of this one is gone.
bool manager_actor::back_off(record& task) {
  constexpr std::size_t kept = 16;
  if (!task.decided())
    return false;
  const auto wait = wait_before_retry(task);
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
  detail::report(home_, event_kind::retrying, task, text);
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
    release(tokens_.put());
  if (auto* const gone = part_actor(task))
    gone->release();
  task.phase = phase::backing_off;
  ++backing_off_;
  due_at(task, after(now, *wait), end_reason::none);
  settle_soon();
  arm();
  return true;
}

} // namespace taskactor::detail
