/// The addresses that this node has joined: each is dialled until it answers, and again when its session is
/// over, with longer and longer pauses. A plain class without CAF in it. Threads: one at a time.
#pragma once

#include "node/membership.hpp"
#include "node/node_ports.hpp"
#include "node/node_session.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace taskactor::detail {

class node_connector {
public:
  /// Makes a session for each connection. `seed`: of the pauses' chance.
  node_connector(const node_times& times, std::uint64_t seed, session_table& sessions, node_ports& ports);

  /// Due at once; nothing changes if it is one of ours already.
  void add(const std::string& address, node_time now);
  /// The session that comes of it now, zero if there is none. Empty: it isn't one of ours.
  std::optional<session_id> remove(const std::string& address);
  void dial_due(node_time now);
  /// Nothing is dialled any more.
  void stop() noexcept { stopped_ = true; }

  // -- what has come of an address; nothing happens if it isn't one of ours -
  /// Its session is over, or never was up: a pause, and it is dialled again.
  void failed(const std::string& address, const std::string& why, node_time now);
  /// Its session is up: the next pause is a short one.
  void succeeded(const std::string& address);
  /// A node was there, though it wanted no session.
  void answered(const std::string& address);
  /// A session is over. Other addresses of that node were refused while it was there: all are due soon.
  void hurry(node_time now);

  /// It isn't one of ours, or hasn't failed since it was up.
  bool is_first_failure(const std::string& address) const;
  /// Has one never answered yet? Any node may be behind it.
  bool has_silent() const;

  struct dialled_address {
    back_off pause{};
    node_time next{};
    session_id current = 0;
    bool has_answered = false;
    std::string reason{}; // why not lately
  };
  const std::map<std::string, dialled_address>& all() const noexcept { return addresses_; }

private:
  const node_times times_;
  std::mt19937_64 random_;
  session_table& sessions_;
  node_ports& ports_;
  std::map<std::string, dialled_address> addresses_;
  bool stopped_ = false;
};

} // namespace taskactor::detail
