// What waits, for what, and who is next: named limiters first, in the order of their names, then the global
// one.
#include "lifecycle/manager_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "caf_adapter/run_queue.hpp"
#include "capacity/named_limiter.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// What the task waits for next, or null: then it is the global limiter.
limit_need* next_need(const record& task) noexcept {
  auto* extras = task.extras.get();
  return extras && extras->taken < extras->needs.size() ? &extras->needs[extras->taken] : nullptr;
}

void set_waits_for_replaced(record& task, bool waits) {
  const std::lock_guard lock{task.extras->mutex};
  task.extras->waits_for_replaced = waits;
}

} // namespace

void manager_actor::take_in() {
  auto incoming = home_.table().take_incoming();
  while (auto task = incoming.pop())
    enqueue_task(std::move(task));
  start_ready();
  arm();
}

void manager_actor::enqueue_task(ref<record> task) {
  task->phase = phase::waiting;
  task->due = {}; // an attempt before had one
  if (task->extras) {
    const std::lock_guard lock{task->extras->mutex};
    task->extras->waits.clear();
    task->extras->lined_up = task->waits_since;
    task->extras->next_attempt = {};
  }
  if (task->state.load(std::memory_order_acquire) == state::cancelling) {
    // Perhaps before it was admitted (a group's child): then the message has been here already.
    end_waiting(*task, failure{state::cancelled, home_.table().reason(*task)});
    return;
  }
  const auto queue_end = after(task->waits_since, task->queue_timeout);
  const auto total_end = after(task->submitted, task->total_timeout);
  if (std::min(queue_end, total_end) != time_point::max())
    due_at(*task, std::min(queue_end, total_end),
           queue_end < total_end ? end_reason::queue_timeout : end_reason::total_timeout);
  if (task->extras && task->extras->after)
    wait_for_predecessor(std::move(task));
  else
    queue_for_next(std::move(task));
}

void manager_actor::queue_for_next(ref<record> task) {
  if (auto* need = next_need(*task)) {
    begin_wait(*task, *need->limiter);
    lined_up_ += task->kind == record_kind::claim ? 0 : 1;
    need->limiter->line.push(std::move(task), need->tokens);
    serve(*need->limiter);
  } else if (task->kind == record_kind::claim) {
    task->phase = phase::running;
    task->token.begin();
    task->on_granted();
  } else if (task->depth != 0) {
    nested_.push(std::move(task));
  } else {
    waiting_.push(std::move(task), 1);
  }
}

/// For `task_manager::explain`: who held the tokens when the wait began.
void manager_actor::begin_wait(record& task, named_limiter& limiter) {
  constexpr std::size_t named = 3;
  wait_fact fact{&limiter, task.extras->needs[task.extras->taken].tokens, home_.now(), {}, {}};
  for (const auto& [age, holder] : limiter.holders) {
    if (fact.holders.size() == named)
      break;
    fact.holders.push_back(holder->current_id());
  }
  const std::lock_guard lock{task.extras->mutex};
  task.extras->waits.push_back(std::move(fact));
}

/// Who is next. A rate's tokens are fetched for one at a time, and don't pile up: together they would be a
/// burst. What was fetched for another one goes back, and counts as not taken.
record* manager_actor::first_of(named_limiter& limiter) {
  auto* const head = limiter.line.next();
  if (limiter.has_rate && (!head || head != std::exchange(limiter.fetched_for, head)))
    give_back(limiter, limiter.account.put_idle(), limiter.last_token);
  return head;
}

/// Tokens that nobody has used: `seen` is the number of the newest when they were taken.
void manager_actor::give_back(const named_limiter& to, std::size_t count, std::uint64_t seen) {
  if (count == 0)
    return;
  if (to.has_rate)
    post_from(*this, to.actor, return_unused{count, seen});
  else
    post_from(*this, to.actor, release_tokens{count});
}

void manager_actor::serve(named_limiter& limiter) {
  while (auto* head = first_of(limiter)) {
    auto& extras = *head->extras;
    auto& need = extras.needs[extras.taken];
    const auto tokens = limiter.room_for(need.tokens);
    if (tokens == 0 || !limiter.account.take(tokens))
      break;
    need.held = tokens;
    need.seen = limiter.last_token;
    auto task = limiter.line.take(*head, need.tokens);
    lined_up_ -= task->kind == record_kind::claim ? 0 : 1;
    ++extras.taken;
    limiter.holders.emplace(head->sequence, head);
    {
      const std::lock_guard lock{extras.mutex};
      extras.waits.back().until = home_.now();
    }
    queue_for_next(std::move(task));
  }
  const auto* head = limiter.has_rate ? limiter.line.next() : nullptr;
  const auto wanted
      = head ? std::min(next_need(*head)->tokens, limiter.capacity.load()) : limiter.line.tokens();
  if (const auto count = limiter.account.ask(wanted))
    post_from(*this, limiter.actor, acquire_tokens{count});
  limiter.waiting.store(limiter.line.size(), std::memory_order_relaxed);
  limiter.in_use.store(limiter.account.used(), std::memory_order_relaxed);
}

bool manager_actor::somebody_waits() const noexcept {
  return !resuming_.empty() || !nested_.empty() || waiting_.size() != 0;
}

/// Whose turn it is at the global limiter. Of four one is a turn of those at top level, by their shares and
/// priorities: what was begun gets finished first, and keeps nobody out.
ref<record> manager_actor::next_ready() {
  constexpr unsigned turns_of_begun = 3;
  const bool begun = !resuming_.empty() || !nested_.empty();
  if (begun && (begun_turns_ < turns_of_begun || waiting_.size() == 0)) {
    begun_turns_ = std::min(begun_turns_ + 1, turns_of_begun);
    return resuming_.empty() ? nested_.pop() : resuming_.pop();
  }
  begun_turns_ = 0;
  auto* next = waiting_.next();
  return next ? waiting_.take(*next, 1) : ref<record>{};
}

void manager_actor::start_ready() {
  const auto now = home_.now();
  const auto capacity = home_.capacity.load();
  // A token that is idle here and beyond a smaller capacity is about to be recalled.
  while (somebody_waits() && tokens_.used() < capacity && tokens_.take()) {
    auto next = next_ready();
    if (next->phase == phase::waiting) {
      start(std::move(next), now);
    } else { // gave its token back, and goes on
      if (next->token.give())
        home_.threads().blocked().look(*next);
      const run_queue::tail_call_hint ending{runs_one()};
      next->actor->wake();
    }
  }
  const auto wanting = resuming_.size() + nested_.size() + waiting_.size();
  if (const auto count = tokens_.ask(wanting))
    post_from(*this, limiter_, acquire_tokens{count});
  home_.waiting.store(wanting, std::memory_order_relaxed);
  home_.set_aside.store(lined_up_ + backing_off_ + successors_.size(), std::memory_order_relaxed);
  home_.running.store(running_.size(), std::memory_order_relaxed);
  home_.tokens_used.store(tokens_.used(), std::memory_order_relaxed);
  arm();
}

/// It has ended where it waited. False: it waited nowhere.
bool manager_actor::dequeue_task(record& task) {
  if (auto* need = next_need(task)) {
    if (!need->limiter->line.remove(task, need->tokens))
      return false;
    lined_up_ -= task.kind == record_kind::claim ? 0 : 1;
    serve(*need->limiter); // it may have been what others stood behind
    return true;
  }
  return nested_.remove(task) || waiting_.remove(task, 1);
}

/// Gives back what the task has of named limiters; what it has taken and not used counts as not taken.
void manager_actor::return_limits(record& task, bool used) {
  if (!task.extras)
    return;
  auto& extras = *task.extras;
  while (extras.taken != 0) {
    const auto& need = extras.needs[--extras.taken];
    auto& limiter = *need.limiter;
    limiter.holders.erase({task.sequence, &task});
    const auto back
        = used || limiter.has_rate ? limiter.account.put(need.held) : limiter.account.put_unused(need.held);
    if (!used)
      give_back(limiter, back, need.seen);
    else if (back != 0)
      post_from(*this, limiter.actor, release_tokens{back});
    serve(limiter);
  }
}

// -- one after another of the same id ---------------------------------------

/// Whom it waits for: what that has waited for itself, if it is gone. Without recursion, whose depth others
/// would decide on.
void manager_actor::skip_gone(record& task) {
  auto& after = task.extras->after;
  while (after && after->phase == phase::gone)
    after = ref<record>{after->extras ? after->extras->after.get() : nullptr};
}

void manager_actor::wait_for_predecessor(ref<record> task) {
  skip_gone(*task);
  auto* before = task->extras->after.get();
  set_waits_for_replaced(*task, before != nullptr);
  if (before)
    successors_[before] = std::move(task);
  else
    queue_for_next(std::move(task));
}

/// What waits for it may begin; unless it waited itself, and has ended so. It keeps whom it waited for: who
/// replaces it may have been admitted already, and come in later.
void manager_actor::succeed(record& gone) {
  if (gone.extras)
    skip_gone(gone); // or many that are replaced in a row would keep each other
  if (successors_.empty())
    return;
  if (gone.extras && gone.extras->after)
    if (const auto own = successors_.find(gone.extras->after.get());
        own != successors_.end() && own->second.get() == &gone)
      successors_.erase(own);
  const auto found = successors_.find(&gone);
  if (found == successors_.end())
    return;
  auto next = std::move(found->second);
  successors_.erase(found);
  wait_for_predecessor(std::move(next));
}

// -- tokens -----------------------------------------------------------------

void manager_actor::release(std::size_t count) {
  if (count != 0)
    post_from(*this, limiter_, release_tokens{count});
}

/// Whose message this is; null for the global one's.
named_limiter* manager_actor::sending_limiter() {
  const auto* sender = current_sender()->get();
  if (sender == caf::actor_cast<caf::abstract_actor*>(limiter_))
    return nullptr;
  auto& known = lenders_[sender->id()];
  if (!known)
    for (auto* each : home_.limits().all())
      lenders_[each->actor.id()] = each;
  return lenders_[sender->id()];
}

void manager_actor::on_granted(const tokens_granted& got) {
  auto* limiter = sending_limiter();
  if (!limiter) {
    release(tokens_.granted(got.count));
  } else {
    limiter->last_token = got.last;
    give_back(*limiter, limiter->account.granted(got.count), got.last);
    serve(*limiter);
  }
  start_ready();
}

void manager_actor::on_recalled(std::size_t count) {
  auto* limiter = sending_limiter();
  if (!limiter) {
    release(tokens_.recalled(count));
  } else {
    give_back(*limiter, limiter->account.recalled(count), limiter->last_token);
    serve(*limiter);
  }
  start_ready(); // who waits may want one again
}

void manager_actor::on_resized(named_limiter* limiter) {
  if (limiter)
    serve(*limiter);
  start_ready();
}

/// What a running task wants of its token now.
void manager_actor::settle_token(record& task) {
  if (task.token.lacks()) {
    if (!resuming_.holds(task))
      resuming_.push(ref<record>{&task});
  } else {
    resuming_.remove(task);
    if (task.token.take_lent())
      release(tokens_.put());
  }
}

/// Who has to wait for tokens lends his own of the manager's capacity meanwhile (rule 6).
void manager_actor::on_claim(ref<record> claim, record& task) {
  claim->phase = phase::waiting;
  queue_for_next(claim);
  if (claim->phase != phase::waiting)
    return;
  settle_token(task);
  start_ready();
}

void manager_actor::on_claim_over(record& claim, bool used) {
  const ref<record> keep{&claim};
  if (claim.phase == phase::waiting)
    dequeue_task(claim);
  return_limits(claim, used);
  claim.phase = phase::gone;
  start_ready();
}

} // namespace taskactor::detail
