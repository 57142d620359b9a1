#include "lifecycle/limiter_lines.hpp"

#include "caf_adapter/compat.hpp"
#include "capacity/named_limiter.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace taskactor::detail {

namespace {

/// What the task waits for next, or null: then it is the global limiter.
limit_need* next_need(const record& task) noexcept {
  auto* extras = task.extras.get();
  return extras && extras->taken < extras->needs.size() ? &extras->needs[extras->taken] : nullptr;
}

} // namespace

void limiter_lines::enter(ref<record> task) {
  if (auto* need = next_need(*task)) {
    begin_wait(*task, *need->limiter);
    size_ += task->kind == record_kind::claim ? 0 : 1;
    need->limiter->line.push(std::move(task), need->tokens);
    serve(*need->limiter);
  } else if (task->kind == record_kind::claim) {
    task->phase = phase::running;
    task->token.begin();
    task->on_granted();
  } else {
    next_.push(std::move(task));
  }
}

bool limiter_lines::leave(record& task) {
  auto* need = next_need(task);
  if (!need)
    return false;
  if (need->limiter->line.remove(task, need->tokens)) {
    size_ -= task.kind == record_kind::claim ? 0 : 1;
    serve(*need->limiter); // it may have been what others stood behind
  }
  return true;
}

/// For `task_manager::explain`: who held the tokens when the wait began.
void limiter_lines::begin_wait(record& task, named_limiter& limiter) {
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
record* limiter_lines::first_of(named_limiter& limiter) {
  auto* const head = limiter.line.next();
  if (limiter.has_rate && (!head || head != std::exchange(limiter.fetched_for, head)))
    give_back(limiter, limiter.account.put_idle(), limiter.last_token);
  return head;
}

/// Tokens that nobody has used: `seen` is the number of the newest when they were taken.
void limiter_lines::give_back(const named_limiter& to, std::size_t count, std::uint64_t seen) {
  if (count == 0)
    return;
  if (to.has_rate)
    post_from(holder_, to.actor, return_unused{count, seen});
  else
    post_from(holder_, to.actor, release_tokens{count});
}

void limiter_lines::serve(named_limiter& limiter) {
  while (auto* head = first_of(limiter)) {
    auto& extras = *head->extras;
    auto& need = extras.needs[extras.taken];
    const auto tokens = limiter.room_for(need.tokens);
    if (tokens == 0 || !limiter.account.take(tokens))
      break;
    need.held = tokens;
    need.seen = limiter.last_token;
    auto task = limiter.line.take(*head, need.tokens);
    size_ -= task->kind == record_kind::claim ? 0 : 1;
    ++extras.taken;
    limiter.holders.emplace(head->sequence, head);
    {
      const std::lock_guard lock{extras.mutex};
      extras.waits.back().until = home_.now();
    }
    enter(std::move(task));
  }
  const auto* head = limiter.has_rate ? limiter.line.next() : nullptr;
  const auto wanted
      = head ? std::min(next_need(*head)->tokens, limiter.capacity.load()) : limiter.line.tokens();
  if (const auto count = limiter.account.ask(wanted))
    post_from(holder_, limiter.actor, acquire_tokens{count});
  limiter.waiting.store(limiter.line.size(), std::memory_order_relaxed);
  limiter.in_use.store(limiter.account.used(), std::memory_order_relaxed);
}

void limiter_lines::give_back_taken(record& task, bool used) {
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
      post_from(holder_, limiter.actor, release_tokens{back});
    serve(limiter);
  }
}

void limiter_lines::hand_over(record& task, record& rest) {
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

bool limiter_lines::begin_claim(const ref<record>& claim) {
  claim->phase = phase::waiting;
  enter(claim);
  return claim->phase == phase::waiting;
}

void limiter_lines::end_claim(record& claim, bool used) {
  const ref<record> keep{&claim};
  if (claim.phase == phase::waiting)
    leave(claim);
  give_back_all(claim, used);
  claim.phase = phase::gone;
}

named_limiter* limiter_lines::lent_by(const caf::abstract_actor& sender) {
  auto& known = lenders_[sender.id()];
  if (!known)
    for (auto* each : home_.limits().all())
      lenders_[each->actor.id()] = each;
  return lenders_[sender.id()];
}

void limiter_lines::granted(named_limiter& by, const tokens_granted& got) {
  by.last_token = got.last;
  give_back(by, by.account.granted(got.count), got.last);
  serve(by);
}

void limiter_lines::recalled(named_limiter& by, std::size_t count) {
  give_back(by, by.account.recalled(count), by.last_token);
  serve(by);
}

} // namespace taskactor::detail
