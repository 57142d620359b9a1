#include "node/inbound_windows.hpp"

#include <algorithm>

namespace taskactor::detail {

void inbound_windows::set_capacity(std::size_t calls, std::size_t ahead) {
  if (capacity_ == calls && ahead_ == ahead)
    return;
  capacity_ = calls;
  ahead_ = ahead;
  limit_windows();
}

void inbound_windows::close() {
  closed_ = true;
  limit_windows();
}

void inbound_windows::limit_windows() {
  const auto all = closed_ ? 0 : capacity_ + ahead_;
  windows_.set_limit(all - std::min(all, orphans_));
  share_out();
}

void inbound_windows::share_out() {
  for (const auto& [whose, window] : windows_.share_out())
    ports_.send(whose, node_frames::window{window});
}

void inbound_windows::add(session_id which) {
  windows_.add(which);
  share_out();
}

void inbound_windows::remove(session_id which, std::size_t orphans) {
  windows_.remove(which);
  orphans_ += orphans;
  limit_windows();
}

bool inbound_windows::is_overdue(session_id which) const {
  constexpr std::size_t most_beats_unanswered = 16; // long after its lease, if it said nothing at all
  return windows_.is_overdue(which, most_beats_unanswered);
}

void inbound_windows::turn() {
  windows_.turn();
  share_out();
}

bool inbound_windows::take(node_session& from, node_frames::demand& what) {
  windows_.demanded(from.id, what.calls);
  share_out();
  return true;
}

bool inbound_windows::take(node_session& from, node_frames::window_taken& what) {
  if (!windows_.taken(from.id, what.calls))
    return false;
  share_out();
  return true;
}

void inbound_windows::orphan_ended(bool had_credit) {
  orphans_ -= had_credit ? 1 : 0;
  limit_windows();
}

} // namespace taskactor::detail
