#include "node/window_allocator.hpp"

#include <algorithm>

namespace taskactor::detail {

std::uint64_t window_allocator::session_window::used() const noexcept {
  auto most = std::max(acknowledged, held);
  for (const auto each : sent)
    most = std::max(most, each);
  return most;
}

bool window_allocator::taken(session_id who, std::uint64_t window) {
  auto& its = windows_.at(who);
  if (its.sent.empty() || its.sent.front() != window)
    return false;
  its.acknowledged = window;
  its.sent.pop_front();
  its.asked = turn_;
  return true;
}

bool window_allocator::is_overdue(session_id who, std::size_t turns) const {
  constexpr std::size_t most = 4096;
  const auto& its = windows_.at(who);
  return its.sent.size() > most || (!its.sent.empty() && turn_ - its.asked > turns);
}

bool window_allocator::arrived(session_id who) {
  auto& its = windows_.at(who);
  auto allowed = its.acknowledged;
  for (const auto each : its.sent)
    allowed = std::max(allowed, each);
  if (its.held >= allowed)
    return false;
  ++its.held;
  return true;
}

bool window_allocator::ended(session_id who) {
  const auto found = windows_.find(who);
  if (found == windows_.end() || found->second.held == 0)
    return false;
  const auto before = found->second.used();
  --found->second.held;
  return found->second.used() < before;
}

std::size_t window_allocator::held() const noexcept {
  std::size_t sum = 0;
  for (const auto& [who, its] : windows_)
    sum += its.held;
  return sum;
}

std::size_t window_allocator::promised() const noexcept {
  std::size_t sum = 0;
  for (const auto& [who, its] : windows_)
    sum += its.used();
  return sum;
}

/// Those that want something first; who of the same kind is first changes with the time.
std::vector<std::map<session_id, window_allocator::session_window>::value_type*>
window_allocator::in_order() {
  std::vector<std::map<session_id, session_window>::value_type*> order;
  order.reserve(windows_.size());
  for (auto& each : windows_)
    order.push_back(&each);
  if (order.size() > limit_) // else each has a place
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(turn_ % order.size()),
                order.end());
  std::stable_partition(order.begin(), order.end(),
                        [](const auto* each) { return each->second.demand != 0; });
  return order;
}

/// One place for each as far as they go, and the rest evenly to those that want more.
void window_allocator::find_dues(
    const std::vector<std::map<session_id, session_window>::value_type*>& order) const {
  std::uint64_t left = limit_;
  for (auto* each : order)
    left -= each->second.due = std::min<std::uint64_t>(left, 1);
  std::vector<session_window*> wanting;
  for (auto* each : order)
    if (each->second.demand > each->second.due && each->second.due != 0)
      wanting.push_back(&each->second);
  std::sort(wanting.begin(), wanting.end(),
            [](const session_window* a, const session_window* b) { return a->demand < b->demand; });
  for (std::size_t i = 0; i < wanting.size(); ++i) {
    const auto share = (left + wanting.size() - i - 1) / (wanting.size() - i);
    const auto more = std::min({share, wanting[i]->demand - wanting[i]->due, left});
    wanting[i]->due += more;
    left -= more;
  }
}

std::vector<window_allocator::change> window_allocator::share_out() {
  std::vector<change> changes;
  if (windows_.empty())
    return changes;
  const auto order = in_order();
  find_dues(order);
  const auto used = promised();
  std::uint64_t free = limit_ - std::min<std::uint64_t>(limit_, used);
  bool is_short = used > limit_;
  const auto set = [&](session_id who, session_window& what, std::uint64_t window) {
    const auto before = what.used();
    if (what.sent.empty())
      what.asked = turn_;
    what.sent.push_back(window);
    free -= std::min(free, what.used() - before);
    changes.push_back({who, window});
  };
  for (auto* each : order) {
    auto& [who, its] = *each;
    const auto grown = std::min(its.due, std::max(its.window(), its.used()) + free);
    if (grown > its.window())
      set(who, its, grown);
    is_short = is_short || its.window() < its.due;
  }
  const auto standing = std::max<std::uint64_t>(1, limit_ / (2 * windows_.size()));
  for (auto* each : order) {
    auto& [who, its] = *each;
    if (is_short && its.window() > its.due)
      set(who, its, its.due);
    else if (!is_short && its.window() < standing && free != 0)
      set(who, its, std::min(standing, std::max(its.window(), its.used()) + free));
  }
  return changes;
}

} // namespace taskactor::detail
