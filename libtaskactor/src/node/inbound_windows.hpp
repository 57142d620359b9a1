/// How many calls of other nodes may be here: what can run at once, and a few more that wait for their turn,
/// less those whose submitter is lost, which take their room until they have ended. Peers are told of it by
/// windows, at each change. A plain class without CAF in it. Threads: one at a time.
#pragma once

#include "node/node_ports.hpp"
#include "node/node_session.hpp"
#include "node/protocol.hpp"
#include "node/window_allocator.hpp"

#include <cstddef>

namespace taskactor::detail {

class inbound_windows {
public:
  explicit inbound_windows(node_ports& ports) : ports_(ports) {}

  /// How many may run at once, and how many more may wait here.
  void set_capacity(std::size_t calls, std::size_t ahead);
  std::size_t capacity() const noexcept { return capacity_; }
  /// There is none any more: this node drains.
  void close();
  bool is_closed() const noexcept { return closed_; }
  /// Of all windows together.
  std::size_t limit() const noexcept { return windows_.limit(); }

  // -- sessions that are up -------------------------------------------------
  void add(session_id which);
  /// `orphans`: so many calls of it that have room go on.
  void remove(session_id which, std::size_t orphans);
  /// It leaves unanswered what it is told.
  bool is_overdue(session_id which) const;
  /// With each heartbeat: whose turn it is when there are too few places.
  void turn();
  bool take(node_session& from, node_frames::demand& what);
  /// False: it was never told that.
  bool take(node_session& from, node_frames::window_taken& what);

  // -- calls ----------------------------------------------------------------
  /// One that needs room has come. False: there was none for it.
  bool arrived(session_id from) { return windows_.arrived(from); }
  /// One that has room ends. True: that may be another's now; `share_out` tells, behind the answer.
  bool ended(session_id from) { return windows_.ended(from); }
  void orphan_ended(bool had_credit);
  void share_out();

private:
  void limit_windows();

  node_ports& ports_;
  window_allocator windows_;
  std::size_t capacity_ = 0, ahead_ = 0, orphans_ = 0;
  bool closed_ = false;
};

} // namespace taskactor::detail
