/// The sessions of a node: who may have one, with whom there is one, when it is over, and what is told to
/// peers of all that. A peer has one session at most that is up; each ends once.
///
///     accept, connector --> opening --opened--> greeting --greet--> up --> observer: session_up
///     closed, refuse, a lease that has run out --> over, and if it was up --> observer: session_down
///
/// A plain class without CAF in it. Threads: one at a time.
#pragma once

#include "node/membership.hpp"
#include "node/node_connector.hpp"
#include "node/node_ports.hpp"
#include "node/node_session.hpp"
#include "node/peer_table.hpp"
#include "node/protocol.hpp"

#include <taskactor/node/node_info.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class session_observer {
public:
  virtual ~session_observer() = default;
  virtual void session_up(node_session& which, node_time now) = 0;
  /// It was up, and is no longer in the table.
  virtual void session_down(session_id which, const std::string& why, node_time now) = 0;
  /// Its peer doesn't do what it has to: the session ends.
  virtual bool is_overdue(session_id which) const = 0;
};

class node_sessions {
public:
  struct tables {
    session_table& sessions;
    peer_table& peers;
    node_connector& connector;
  };
  node_sessions(node_self self, std::vector<std::string> labels, const node_times& times, tables with,
                node_ports& ports, session_observer& observer);

  // -- what links say -------------------------------------------------------
  /// A connection has come: `opened` follows.
  session_id accept(std::string address, node_time now);
  /// False: it has been given up meanwhile.
  bool opened(session_id which, std::string certified, node_time now);
  /// The session of a frame that has come; null: nothing is heard in it any more.
  node_session* heard(session_id from, node_time now);
  void closed(session_id which, const std::string& why, node_time now);

  // -- frames of the session; false: it isn't to be -------------------------
  /// The first frame of all, decoded if it means something. The session may be over then.
  void greet(node_session& which, std::optional<node_frame> frame, std::string_view content, node_time now);
  bool take(node_session& from, node_frames::welcome& what, node_time now);
  bool take(node_session& from, node_frames::goodbye& what, node_time now);
  bool take(node_session& from, node_frames::draining& what, node_time now);
  /// It has sent what it may not; `how`, as it is told.
  void violated(session_id which, const std::string& how, node_time now);

  /// Ends those that have said nothing for too long. True: one is heard again that was suspect.
  bool check_leases(node_time now);
  /// With a goodbye.
  void refuse(session_id which, close_reason why, const std::string& text, node_time now);
  /// Tells all peers.
  void drain();
  /// Ends all, and whatever comes later.
  void leave(node_time now);
  void tell(node_statistics& into) const;

private:
  void begin(node_session& which, node_time now);
  void end(session_id which, const std::string& why, node_time now, bool hang_up = true);

  const node_self self_;
  const std::vector<std::string> labels_;
  const node_times times_;
  const tables with_;
  node_ports& ports_;
  session_observer& observer_;
  bool draining_ = false, left_ = false;
  struct {
    std::uint64_t begun = 0, lost = 0, refused = 0, violations = 0;
  } counts_;
};

} // namespace taskactor::detail
