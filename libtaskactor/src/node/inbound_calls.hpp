/// The calls of other nodes that are here, from the frame that asks for one to its answer: who may have it
/// run, and whose it is. One whose submitter is lost is an orphan: asked to end, and answered nobody.
///
///     call --> refused, or handed back while this node drains
///      \-----> here --begun--> ... --removed--> answer
///
/// A plain class without CAF in it. Threads: one at a time.
#pragma once

#include "node/access_control.hpp"
#include "node/inbound_windows.hpp"
#include "node/node_ports.hpp"
#include "node/node_session.hpp"
#include "node/protocol.hpp"

#include <taskactor/node/access_rule.hpp>
#include <taskactor/node/node_info.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

class inbound_calls {
public:
  struct entry {
    session_id session; // zero: an orphan
    call_key key;
    std::optional<access_control::use> use;
    bool begun = false, told = false;
    bool has_credit = true;
  };

  inbound_calls(std::vector<access_rule> rights, inbound_windows& windows, node_ports& ports);

  /// False: it has broken the protocol.
  bool take(node_session& from, node_frames::call& what);
  bool take(node_session& from, node_frames::cancel& what);
  /// Its calls are orphans from now on. Returns how many of them have room.
  std::size_t session_lost(session_id which);

  // -- what becomes of those that are here ----------------------------------
  void begun(inbound_id which);
  void progressed(inbound_id which, std::uint64_t done, std::uint64_t total, std::string text);
  void logged(inbound_id which, std::uint64_t level, std::string logger, std::string text);
  /// It is here no more; to be answered. Empty: it is unknown.
  std::optional<entry> remove(inbound_id which);
  /// Of one that was removed.
  void answer(const entry& which, const inbound_result& how);
  /// Those that haven't begun go back.
  void hand_back();

  /// Those of a session that have begun since it was asked last.
  std::vector<call_key> newly_begun(session_id whose);
  std::size_t count(session_id whose) const;
  std::size_t size() const noexcept { return calls_.size(); }
  bool is_empty() const noexcept { return calls_.empty(); }
  void tell(node_statistics& into) const;

private:
  void send_answer(const entry& which, const inbound_result& how);
  void end(const entry& which, const inbound_result& how);

  node_ports& ports_;
  inbound_windows& windows_;
  access_control rights_;
  std::map<inbound_id, entry> calls_;
  std::map<std::pair<session_id, std::uint64_t>, inbound_id> numbers_; // by whose they are, no orphans
  inbound_id last_id_ = 0;
  struct {
    std::uint64_t taken = 0, refused = 0, orphaned = 0;
  } counts_;
};

} // namespace taskactor::detail
