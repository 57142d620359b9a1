#include "node/inbound_room.hpp"

#include <algorithm>

namespace taskactor::detail {

void inbound_room::set_capacity(std::size_t calls, std::size_t ahead) {
  if (capacity_ == calls && ahead_ == ahead)
    return;
  capacity_ = calls;
  ahead_ = ahead;
  limit_windows();
}

void inbound_room::close() {
  closed_ = true;
  limit_windows();
}

void inbound_room::limit_windows() {
  const auto all = closed_ ? 0 : capacity_ + ahead_;
  windows_.set_limit(all - std::min(all, orphans_));
  share_out();
}

void inbound_room::share_out() {
  for (const auto& [whose, window] : windows_.share_out())
    ports_.send(whose, node_frames::window{window});
}

void inbound_room::add(session_id which) {
  windows_.add(which);
  share_out();
}

void inbound_room::remove(session_id which, std::size_t orphans) {
  windows_.remove(which);
  orphans_ += orphans;
  limit_windows();
}

bool inbound_room::is_overdue(session_id which) const {
  constexpr std::size_t most_beats_unanswered = 16; // long after its lease, if it said nothing at all
  return windows_.is_overdue(which, most_beats_unanswered);
}

void inbound_room::turn() {
  windows_.turn();
  share_out();
}

bool inbound_room::take(node_session& from, node_frames::demand& what) {
  windows_.demanded(from.id, what.calls);
  share_out();
  return true;
}

bool inbound_room::take(node_session& from, node_frames::window_taken& what) {
  if (!windows_.taken(from.id, what.calls))
    return false;
  share_out();
  return true;
}

void inbound_room::orphan_ended(bool had_room) {
  orphans_ -= had_room ? 1 : 0;
  limit_windows();
}

} // namespace taskactor::detail
