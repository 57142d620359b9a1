#include "room_desk.hpp"

#include <algorithm>

namespace taskactor::detail {

std::uint64_t room_desk::room::used() const noexcept {
  auto most = std::max(acknowledged, held);
  for (const auto each : sent)
    most = std::max(most, each);
  return most;
}

bool room_desk::taken(session_id who, std::uint64_t window) {
  auto& room = rooms_.at(who);
  if (room.sent.empty() || room.sent.front() != window)
    return false;
  room.acknowledged = window;
  room.sent.pop_front();
  room.asked = turn_;
  return true;
}

bool room_desk::is_overdue(session_id who, std::size_t turns) const {
  constexpr std::size_t most = 4096;
  const auto& room = rooms_.at(who);
  return room.sent.size() > most || (!room.sent.empty() && turn_ - room.asked > turns);
}

bool room_desk::arrived(session_id who) {
  auto& room = rooms_.at(who);
  auto allowed = room.acknowledged;
  for (const auto each : room.sent)
    allowed = std::max(allowed, each);
  if (room.held >= allowed)
    return false;
  ++room.held;
  return true;
}

bool room_desk::ended(session_id who) {
  const auto found = rooms_.find(who);
  if (found == rooms_.end() || found->second.held == 0)
    return false;
  const auto before = found->second.used();
  --found->second.held;
  return found->second.used() < before;
}

std::size_t room_desk::held() const noexcept {
  std::size_t sum = 0;
  for (const auto& [who, room] : rooms_)
    sum += room.held;
  return sum;
}

std::size_t room_desk::promised() const noexcept {
  std::size_t sum = 0;
  for (const auto& [who, room] : rooms_)
    sum += room.used();
  return sum;
}

/// Those that want something first; who of the same kind is first changes with the time.
std::vector<std::map<session_id, room_desk::room>::value_type*> room_desk::in_order() {
  std::vector<std::map<session_id, room>::value_type*> order;
  order.reserve(rooms_.size());
  for (auto& each : rooms_)
    order.push_back(&each);
  if (order.size() > limit_) // else each has a place
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(turn_ % order.size()),
                order.end());
  std::stable_partition(order.begin(), order.end(),
                        [](const auto* each) { return each->second.demand != 0; });
  return order;
}

/// One place for each as far as they go, and the rest evenly to those that want more.
void room_desk::find_dues(const std::vector<std::map<session_id, room>::value_type*>& order) const {
  std::uint64_t left = limit_;
  for (auto* each : order)
    left -= each->second.due = std::min<std::uint64_t>(left, 1);
  std::vector<room*> wanting;
  for (auto* each : order)
    if (each->second.demand > each->second.due && each->second.due != 0)
      wanting.push_back(&each->second);
  std::sort(wanting.begin(), wanting.end(),
            [](const room* a, const room* b) { return a->demand < b->demand; });
  for (std::size_t i = 0; i < wanting.size(); ++i) {
    const auto share = (left + wanting.size() - i - 1) / (wanting.size() - i);
    const auto more = std::min({share, wanting[i]->demand - wanting[i]->due, left});
    wanting[i]->due += more;
    left -= more;
  }
}

std::vector<room_desk::change> room_desk::share_out() {
  std::vector<change> changes;
  if (rooms_.empty())
    return changes;
  const auto order = in_order();
  find_dues(order);
  const auto used = promised();
  std::uint64_t free = limit_ - std::min<std::uint64_t>(limit_, used);
  bool is_short = used > limit_;
  const auto set = [&](session_id who, room& what, std::uint64_t window) {
    const auto before = what.used();
    if (what.sent.empty())
      what.asked = turn_;
    what.sent.push_back(window);
    free -= std::min(free, what.used() - before);
    changes.push_back({who, window});
  };
  for (auto* each : order) {
    auto& [who, room] = *each;
    const auto grown = std::min(room.due, std::max(room.window(), room.used()) + free);
    if (grown > room.window())
      set(who, room, grown);
    is_short = is_short || room.window() < room.due;
  }
  const auto standing = std::max<std::uint64_t>(1, limit_ / (2 * rooms_.size()));
  for (auto* each : order) {
    auto& [who, room] = *each;
    if (is_short && room.window() > room.due)
      set(who, room, room.due);
    else if (!is_short && room.window() < standing && free != 0)
      set(who, room, std::min(standing, std::max(room.window(), room.used()) + free));
  }
  return changes;
}

} // namespace taskactor::detail
