/// What is known of other nodes, by their names: of each its last run, and its session while there is one.
/// Those that are down are kept, up to a bound: they may come back, and calls for them wait. A plain class
/// without CAF in it. Threads: one at a time.
#pragma once

#include "node/node_session.hpp"

#include <taskactor/node/placement.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

/// May a call go to a node of that name and these labels?
bool fits(const placement& where, std::string_view name, const std::vector<std::string>& labels);

struct known_peer {
  std::string uuid;
  std::uint64_t incarnation = 0;
  std::vector<std::string> labels{};
  session_id session = 0; // zero: it is down
  std::string address{}, reason{};
};

class peer_table {
public:
  /// Its session, zero if it is down or unknown.
  session_id session_of(const std::string& name) const;
  /// What there is of it when its hello comes; empty: it is down or unknown.
  std::optional<present_session> present(const std::string& name) const;
  bool any_fits(const placement& where) const;
  void up(const node_session& now_there);
  /// Forgets some of those that are down if there are too many, so that what comes and goes costs no memory
  /// for ever.
  void down(const std::string& name, const std::string& why);
  /// Unless it is up.
  void forget(const std::string& name);
  const std::map<std::string, known_peer>& all() const noexcept { return peers_; }

private:
  std::map<std::string, known_peer> peers_;
};

} // namespace taskactor::detail
