#include "capacity/waiting_line.hpp"
#include "lifecycle/task_extras.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace taskactor::detail {

void waiting_share::push(ref<record> task) noexcept {
  const auto level = task->priority;
  filled_ = static_cast<std::uint16_t>(filled_ | (1u << level));
  levels_[level].push(std::move(task));
  ++size_;
}

record* waiting_share::next(std::chrono::nanoseconds aging) noexcept {
  record* best = nullptr;
  time_point least{};
  for (auto left = filled_; left != 0; left = static_cast<std::uint16_t>(left & (left - 1))) {
    const auto level = std::countr_zero(left);
    auto* head = levels_[static_cast<std::size_t>(level)].front();
    if (!head) {
      filled_ = static_cast<std::uint16_t>(filled_ & ~(1u << level));
      continue;
    }
    const auto key = after(head->waits_since, times(aging, static_cast<std::uint64_t>(level)));
    if (best && (aging.count() == 0 || key >= least))
      continue;
    best = head;
    least = key;
  }
  return best;
}

ref<record> waiting_share::remove(record& task) noexcept {
  auto found = levels_[task.priority].remove(task);
  if (found)
    --size_;
  return found;
}

waiting_share& waiting_line::share_of(const record& task) {
  if (!task.extras || task.extras->fairness_key.empty())
    return common_;
  return shares_[task.extras->fairness_key];
}

void waiting_line::push(ref<record> task, std::size_t tokens) {
  auto& share = share_of(*task);
  if (share.size() == 0) {
    share.had = std::max(share.had, floor_);
    share.order = ++orders_;
    if (&share != &common_)
      turns_.emplace(share.had, share.order, &share);
  }
  share.push(std::move(task));
  ++size_;
  tokens_ += tokens;
}

waiting_share* waiting_line::first() noexcept {
  auto* named = turns_.empty() ? nullptr : std::get<2>(*turns_.begin());
  if (common_.size() == 0)
    return named;
  if (!named || std::tie(common_.had, common_.order) < std::tie(named->had, named->order))
    return &common_;
  return named;
}

record* waiting_line::next() noexcept {
  auto* share = first();
  return share ? share->next(aging_) : nullptr;
}

ref<record> waiting_line::take(record& task, std::size_t tokens) {
  floor_ = share_of(task).had;
  return take_out(task, tokens, tokens);
}

ref<record> waiting_line::remove(record& task, std::size_t tokens) { return take_out(task, tokens, 0); }

ref<record> waiting_line::take_out(record& task, std::size_t tokens, std::size_t had) {
  auto& share = share_of(task);
  auto found = share.remove(task);
  if (found) {
    --size_;
    tokens_ -= tokens;
  }
  if (&share == &common_) {
    share.had += had;
    share.order = had != 0 ? ++orders_ : share.order;
    return found;
  }
  turns_.erase({share.had, share.order, &share});
  share.had += had;
  share.order = had != 0 ? ++orders_ : share.order;
  if (share.size() != 0)
    turns_.emplace(share.had, share.order, &share);
  else
    forget_shares();
  return found;
}

/// A share that has left with more than the others had is remembered until they have caught up.
void waiting_line::forget_shares() {
  constexpr std::size_t slack = 64;
  if (shares_.size() > 2 * turns_.size() + slack)
    std::erase_if(shares_,
                  [this](const auto& each) { return each.second.size() == 0 && each.second.had <= floor_; });
}

} // namespace taskactor::detail
