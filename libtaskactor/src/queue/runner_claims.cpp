#include "queue/runner_claims.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace taskactor::detail {

runner_claims::runner_claims(const runner_plan& plan) : most_ahead_(plan.prefetch) {
  for (const auto& each : plan.queues)
    queues_.by_name.emplace(each.name, &queues_.all.emplace_back(queue{.what = each}));
}

// -- asking -----------------------------------------------------------------

std::size_t runner_claims::queue::free() const noexcept {
  const auto used = running + at_hand.size();
  return what.how.slots - std::min(what.how.slots, used);
}

/// Of those at hand the ones that there is no slot for.
std::size_t runner_claims::queue::spare() const noexcept {
  const auto used = running + at_hand.size();
  return std::min(at_hand.size(), used - std::min(used, what.how.slots));
}

void runner_claims::may_have_more() noexcept {
  for (auto& each : queues_.all)
    each.may_have = each.hinted = true;
}

/// Something alone is waited for, or runs: nothing else is to come.
bool runner_claims::may_want() const noexcept {
  return alone_.waiting.empty() && alone_.running == 0
         && std::any_of(queues_.all.begin(), queues_.all.end(), [](const queue& each) {
              return each.may_have && (each.free() > 0 || each.spare() * 2 < each.ahead);
            });
}

std::vector<queue_share> runner_claims::wanted() {
  std::vector<queue_share> all;
  if (!may_want())
    return all;
  for (const auto& each : queues_.all) {
    if (!each.may_have)
      continue;
    const auto spare = each.spare();
    queue_share share{.queue = each.what.name,
                      .free = each.free(),
                      .prefetch = each.ahead - std::min(each.ahead, spare),
                      .commands = each.what.how.commands};
    if (share.free + share.prefetch > 0)
      all.push_back(std::move(share));
  }
  return all;
}

std::vector<queue_share> runner_claims::shares() const {
  std::vector<queue_share> all;
  all.reserve(queues_.all.size());
  for (const auto& each : queues_.all)
    all.push_back({.queue = each.what.name, .free = each.free(), .commands = each.what.how.commands});
  return all;
}

void runner_claims::asked(std::vector<queue_share> what, time_point now) {
  asked_ = {.what = std::move(what), .at = now, .before = asked_.at};
  for (auto& each : queues_.all) {
    each.hinted = false;
    each.before = std::exchange(each.freed, 0);
  }
}

/// What leaves its slot during an answer's time, as fast as since the question before.
std::size_t runner_claims::queue::wanted_ahead(const asking& answered, time_point now) const noexcept {
  const auto whole = between(answered.before, now), answer = between(answered.at, now);
  if (answered.before == time_point{} || answer.count() <= 0)
    return 0;
  const auto part = static_cast<double>(answer.count()) / static_cast<double>(whole.count());
  const auto left = static_cast<double>(before + freed);
  return static_cast<std::size_t>(2 * left * part);
}

void runner_claims::took(const std::vector<ref<job_task>>& jobs, time_point now) {
  std::unordered_map<const queue*, std::size_t> came;
  std::unordered_set<const queue*> limited;
  for (const auto& each : jobs) {
    auto& of = queues_.of(*each);
    ++came[&of];
    held_.emplace(each->job().token, held{.task = each});
    (each->job().alone ? alone_.waiting : of.at_hand).push_back(each);
    if (!each->job().row.limits.empty())
      limited.insert(&of);
  }
  for (const auto& share : std::exchange(asked_.what, {})) {
    auto& of = *queues_.by_name.at(share.queue);
    if (came[&of] < share.free + share.prefetch) // it has had all that there was
      of.may_have = of.hinted;
    of.ahead = limited.contains(&of) ? 0 : std::min(most_ahead_, of.wanted_ahead(asked_, now));
  }
}

// -- beginning --------------------------------------------------------------

/// In turn, so that none is always last.
ref<job_task> runner_claims::queue_table::next() {
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& each = all[(turn + i) % all.size()];
    if (each.at_hand.empty() || each.running >= each.what.how.slots)
      continue;
    auto found = std::move(each.at_hand.front());
    each.at_hand.pop_front();
    turn = (turn + i + 1) % all.size();
    return found;
  }
  return {};
}

ref<job_task> runner_claims::next() {
  if (alone_.running != 0)
    return {};
  ref<job_task> found;
  if (!alone_.waiting.empty()) {
    if (queues_.running != 0)
      return {};
    found = std::move(alone_.waiting.front());
    alone_.waiting.pop_front();
    alone_.running = found->job().token;
  } else {
    found = queues_.next();
    if (!found)
      return {};
  }
  ++queues_.of(*found).running;
  ++queues_.running;
  held_.at(found->job().token).in_slot = true;
  return found;
}

std::optional<run_where> runner_claims::where(const job_task& which) const {
  return queues_.of(which).what.how.where;
}

void runner_claims::leave_slot(job_task& which) {
  auto& of = queues_.of(which);
  --of.running;
  --queues_.running;
  ++of.freed;
  if (alone_.running == which.job().token)
    alone_.running = 0;
  held_.at(which.job().token).in_slot = false;
}

void runner_claims::put_back(ref<job_task> which) {
  leave_slot(*which);
  auto& line = which->job().alone ? alone_.waiting : queues_.of(*which).at_hand;
  line.push_front(std::move(which));
}

void runner_claims::drop(job_task& which) { leave_slot(which); }

std::vector<ref<job_task>> runner_claims::take_at_hand() {
  std::vector<ref<job_task>> all{alone_.waiting.begin(), alone_.waiting.end()};
  alone_.waiting.clear();
  for (auto& each : queues_.all) {
    all.insert(all.end(), each.at_hand.begin(), each.at_hand.end());
    each.at_hand.clear();
  }
  return all;
}

// -- the end ----------------------------------------------------------------

ref<job_task> runner_claims::find(job_id id, claim_token token) const {
  const auto found = held_.find(token);
  return found != held_.end() && found->second.task->job().id == id ? found->second.task : ref<job_task>{};
}

bool runner_claims::withdraw(const ref<job_task>& which) {
  auto& line = which->job().alone ? alone_.waiting : queues_.of(*which).at_hand;
  const auto found
      = std::find_if(line.begin(), line.end(), [&](const auto& each) { return each.get() == which.get(); });
  if (found == line.end())
    return false;
  line.erase(found);
  return true;
}

void runner_claims::down(job_task& which) {
  const auto found = held_.find(which.job().token);
  if (found == held_.end() || !found->second.in_slot)
    return;
  leave_slot(which);
  if (found->second.settled)
    let_go(found);
}

void runner_claims::settled(claim_token token) {
  const auto found = held_.find(token);
  if (found == held_.end())
    return;
  found->second.settled = true;
  if (!found->second.in_slot)
    let_go(found);
}

void runner_claims::forget(claim_token token) {
  if (const auto found = held_.find(token); found != held_.end())
    let_go(found);
}

void runner_claims::forget_all() {
  while (!held_.empty())
    let_go(held_.begin());
}

/// Its handle refers to itself.
void runner_claims::let_go(std::unordered_map<claim_token, held>::iterator which) {
  which->second.task->forget();
  held_.erase(which);
}

void runner_claims::for_each_running(const std::function<void(job_task&)>& what) const {
  for (const auto& [token, each] : held_)
    if (each.in_slot && !each.settled)
      what(*each.task);
}

std::size_t runner_claims::at_hand() const noexcept {
  auto sum = alone_.waiting.size();
  for (const auto& each : queues_.all)
    sum += each.at_hand.size();
  return sum;
}

} // namespace taskactor::detail
