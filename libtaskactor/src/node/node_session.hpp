/// `node_session`: a connection with another node, from the moment that it is dialled or accepted until its
/// end; `session_table`: those that there are, by their numbers.
///
///     opening --the connection is there--> greeting --hello--> waiting --welcome--> up
///                                              \-------- hello: welcomed here -------/
///
/// `node_sessions` makes and ends them. Threads: one at a time.
#pragma once

#include "node/membership.hpp"
#include "node/protocol.hpp"
#include "node/window_allocator.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace taskactor::detail {

/// What a peer has said of its room for our calls, and what it has been told of them: the dispatcher's.
struct peer_credit {
  std::uint64_t window = 0;   // so many may be unanswered
  std::uint64_t demanded = 0; // it has been told that there are so many
  std::uint64_t free = 0;     // so many more could start there at once
};

struct node_session {
  enum class state : std::uint8_t { opening, greeting, waiting, up };
  session_id id = 0;
  state is = state::opening;
  std::string address{};
  std::string dialled{};   // the address of ours; empty: it came by itself
  std::string certified{}; // the name in its certificate, or empty
  node_lease lease;
  node_time since; // in its state until it greets
  node_frames::hello peer{};
  peer_credit credit{};
  bool suspect = false, draining = false;

  bool is_up() const noexcept { return is == state::up; }
  bool is_well() const noexcept { return is_up() && !suspect; }
};

class session_table {
public:
  /// A new one, `opening`.
  node_session& add(std::string address, std::string dialled, node_time now) {
    const auto id = ++last_id_;
    return all_
        .emplace(id, node_session{.id = id,
                                  .address = std::move(address),
                                  .dialled = std::move(dialled),
                                  .lease = node_lease{now},
                                  .since = now})
        .first->second;
  }
  /// Null: it is over. What is found stays where it is until its end.
  node_session* find(session_id which) {
    const auto found = all_.find(which);
    return found == all_.end() ? nullptr : &found->second;
  }
  const node_session* find(session_id which) const {
    const auto found = all_.find(which);
    return found == all_.end() ? nullptr : &found->second;
  }
  /// Empty: it is over.
  auto extract(session_id which) { return all_.extract(which); }
  bool is_empty() const noexcept { return all_.empty(); }
  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

private:
  std::map<session_id, node_session> all_;
  session_id last_id_ = 0;
};

} // namespace taskactor::detail
