/// How many calls each peer may have here at once: the windows, which together are never more than this node
/// can start, and a few to begin when those end.
///
///     peer --demand 20--> windows --window 12--> peer ... call call call
///     other peer that has no use for its window: --window 1-->, --window_taken 1-->:
///                                                only then it is another's
///
/// Room that has been promised is kept until the peer says that it has taken the smaller window: so calls
/// that were on their way meanwhile have arrived by then. Who wants nothing keeps a little all the same, so
/// that a first call needs no question; and when there are more peers than places, they take turns.
/// A plain class without CAF in it. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace taskactor::detail {

using session_id = std::uint64_t;

class window_allocator {
public:
  struct change {
    session_id whose;
    std::uint64_t window;
  };

  /// Of all together. What is promised beyond it is taken back as far as it can.
  void set_limit(std::size_t calls) noexcept { limit_ = calls; }
  void add(session_id who) { windows_.emplace(who, session_window{}); }
  void remove(session_id who) { windows_.erase(who); }
  void demanded(session_id who, std::uint64_t calls) { windows_.at(who).demand = calls; }
  /// False: that window was never sent.
  bool taken(session_id who, std::uint64_t window);
  /// It has left windows unanswered for so many turns, or too many of them: the room in them would be kept
  /// for ever.
  bool is_overdue(session_id who, std::size_t turns) const;
  /// A call has come. False: it had no room.
  bool arrived(session_id who);
  /// True: there is room now that may be another's.
  bool ended(session_id who);
  /// Time passes: whose turn it is when there are too few places.
  void turn() noexcept { ++turn_; }
  /// What is to be told to whom now.
  std::vector<change> share_out();

  std::size_t held() const noexcept;
  std::size_t promised() const noexcept;
  std::size_t limit() const noexcept { return limit_; }

private:
  struct session_window {
    std::uint64_t demand = 0;
    std::uint64_t acknowledged = 0;   // the last window that the peer has taken
    std::deque<std::uint64_t> sent{}; // those after it
    std::size_t asked = 0;            // the turn since which the first of them is unanswered
    std::uint64_t held = 0;
    std::uint64_t due = 0; // while sharing out
    std::uint64_t window() const noexcept { return sent.empty() ? acknowledged : sent.back(); }
    std::uint64_t used() const noexcept;
  };
  std::vector<std::map<session_id, session_window>::value_type*> in_order();
  void find_dues(const std::vector<std::map<session_id, session_window>::value_type*>& order) const;

  std::map<session_id, session_window> windows_;
  std::size_t limit_ = 0;
  std::size_t turn_ = 0;
};

} // namespace taskactor::detail
