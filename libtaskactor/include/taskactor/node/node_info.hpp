/// What a node says of the others, and of itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor {

/// How a node sees another.
enum class peer_state : std::uint8_t {
  connecting, ///< an address that hasn't answered yet, or not lately
  up,         ///< calls go to it
  suspect,    ///< nothing was heard of it for two heartbeats: no more calls go to it until it is heard
  draining,   ///< it is about to leave: no more calls go to it
  down,       ///< it was there
};

std::string_view to_string(peer_state state) noexcept;

struct node_peer {
  std::string name;    ///< empty while an address hasn't answered
  std::string address; ///< of its end of the connection, or the one that is dialled
  peer_state state{};
  std::string uuid{};            ///< of its run
  std::uint64_t incarnation = 0; ///< higher for a later run
  std::vector<std::string> labels{};
  std::uint64_t free = 0;   ///< how many more calls could start there at once, as it has last said
  std::uint64_t window = 0; ///< how many calls may be on their way to it
  std::size_t calls = 0;    ///< so many are
  std::size_t inbound = 0;  ///< calls of its own that are here
  std::string reason{};     ///< why it is down, or doesn't answer
};

/// Since the start, but for those marked "now".
struct node_statistics {
  std::uint64_t submitted = 0, answered = 0; ///< calls of this node
  std::uint64_t lost = 0;                    ///< of these: their node was lost with them
  std::uint64_t run_again = 0;               ///< idempotent ones whose node was lost: each time
  std::uint64_t returned = 0;                ///< handed back unbegun, and placed again: each time
  std::uint64_t stale_answers = 0; ///< of an old fencing token, or out of a session that is over: refused
  std::size_t waiting = 0, on_their_way = 0; ///< now
  std::uint64_t taken = 0;                   ///< calls of others that were begun here
  std::uint64_t refused = 0;                 ///< and those that were not
  std::uint64_t orphaned = 0;                ///< whose submitter was lost: cancelled
  std::size_t inbound = 0, window = 0;       ///< now: calls of others here, and how many may be
  std::uint64_t sessions = 0, sessions_lost = 0, sessions_refused = 0, violations = 0;
};

} // namespace taskactor
