/// One node's part in the protocol: what comes of each frame, of each end of a connection, of each call that
/// is made here, and of the passing of time.
///
///     here: submit, cancel -----> +-----------+ -----> send, dial, close      links
///     links: opened, received --> | node_core | -----> begin, stop            calls of others, run here
///     time: tick ---------------> +-----------+ -----> answer                 calls of ours
///
/// Everything that others may do wrong is decided here, and nothing here is asynchronous: what it has done is
/// told to `node_ports`, in order. So whole clusters run in a test, in virtual time. What there is to decide
/// is in its parts: this class hands each frame to its part, and tells the others when a session begins or
/// ends. A plain class without CAF in it. Threads: one at a time (`synchronized_core` has the lock).
#pragma once

#include "node/call_dispatcher.hpp"
#include "node/inbound_calls.hpp"
#include "node/inbound_windows.hpp"
#include "node/node_connector.hpp"
#include "node/node_ports.hpp"
#include "node/node_session.hpp"
#include "node/node_sessions.hpp"
#include "node/peer_table.hpp"

#include <taskactor/node/node_info.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

struct node_core_options {
  node_self self{};
  std::vector<std::string> labels{};
  node_times times{};
  std::vector<access_rule> rights{};
  std::uint64_t seed = 0;
};

class node_core final : private session_observer {
public:
  node_core(node_core_options options, node_ports& ports);

  // -- links ----------------------------------------------------------------
  void join(const std::string& address, node_time now);
  /// False: it isn't one of ours.
  bool disconnect(const std::string& address, node_time now);
  /// Connections that come, open and end.
  node_sessions& sessions() noexcept { return sessions_; }
  void received(session_id from, std::string_view content, node_time now);
  void tick(node_time now);

  // -- calls of ours --------------------------------------------------------
  std::uint64_t submit(call_request what, node_time now);
  call_dispatcher& outbound() noexcept { return outbound_; }

  // -- calls of others ------------------------------------------------------
  inbound_windows& windows() noexcept { return windows_; }
  inbound_calls& inbound() noexcept { return inbound_; }
  void inbound_ended(inbound_id which, const inbound_result& how);

  // -- the end --------------------------------------------------------------
  /// No more calls are taken, and those that haven't begun go back.
  void drain();
  /// Says goodbye to all, and answers what is still open.
  void leave(node_time now);

  std::vector<node_peer> peers() const;
  node_statistics statistics() const;

private:
  bool take(node_session& from, node_frame& frame, node_time now);
  void beat(node_time now);
  void session_up(node_session& which, node_time now) override;
  void session_down(session_id which, const std::string& why, node_time now) override;
  bool is_overdue(session_id which) const override;

  node_ports& ports_;
  const std::chrono::nanoseconds heartbeat_;
  node_time next_beat_{};
  session_table table_;
  peer_table peers_;
  node_connector connector_;
  node_sessions sessions_;
  call_dispatcher outbound_;
  inbound_windows windows_;
  inbound_calls inbound_;
};

} // namespace taskactor::detail
