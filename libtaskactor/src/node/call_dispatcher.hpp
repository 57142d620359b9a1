/// Where the calls of this node go, and what comes back: to a peer that fits and has room for one, or it
/// waits here for that; what a lost peer had goes to another, if it may run twice. Each call has one answer.
///
///     submit --> outbound_calls --choose, pump--> a session that is up
///                        answer <----- frames, or the end of the session
///
/// A plain class without CAF in it. Threads: one at a time.
#pragma once

#include "node/node_ports.hpp"
#include "node/node_session.hpp"
#include "node/outbound_calls.hpp"
#include "node/protocol.hpp"

#include <taskactor/node/node_info.hpp>

#include <cstdint>
#include <string>

namespace taskactor::detail {

// What a frame from who runs a call says of its end.
call_answer answer_of(node_frames::result& what);
call_answer answer_of(node_frames::failed& what);
call_answer answer_of(node_frames::refused& what);
call_answer answer_of(node_frames::cancelled& what);
call_answer answer_of(node_frames::timed_out& what);

class call_dispatcher {
public:
  call_dispatcher(session_table& sessions, node_ports& ports) : sessions_(sessions), ports_(ports) {}

  /// `may_go`: a node that fits is known, or may be one that hasn't answered yet.
  std::uint64_t submit(call_request what, bool may_go, node_time now);
  /// Its answer is still waited for.
  void cancel(std::uint64_t number);
  /// Nobody waits for it any more.
  void abandon(std::uint64_t number);

  // -- frames of peers; false: the session isn't to be ----------------------
  bool take(node_session& from, node_frames::window& what, node_time now);
  bool take(node_session& from, node_frames::heartbeat& what, node_time now);
  bool take(node_session& from, node_frames::progress& what, node_time now);
  bool take(node_session& from, node_frames::log& what, node_time now);
  bool take(node_session& from, node_frames::returned& what, node_time now);
  /// Counts only if the call is on its way in this session, under this key.
  void answered(node_session& from, const call_key& key, call_answer how, node_time now);

  // -- sessions that are up -------------------------------------------------
  /// Sends it what may go there.
  void pump(node_session& to, node_time now);
  void pump_all(node_time now);
  /// How many calls the peer could have of us: at once when there are much more than it has been told, the
  /// exact number with each heartbeat.
  void announce(node_session& to, bool exactly);
  /// Its calls are answered as lost, or wait for `pump_all`.
  void session_lost(session_id which, const std::string& why);

  /// No more are taken.
  void drain() noexcept { draining_ = true; }
  /// Answers all that are open.
  void leave();
  bool is_empty() const noexcept { return calls_.size() == 0; }
  std::size_t on_their_way(session_id to) const noexcept { return calls_.on_their_way(to); }
  void tell(node_statistics& into) const;

private:
  bool has_credit(const node_session& peer) const;
  node_session* choose(const placement& where, bool with_window);
  void send(std::uint64_t number, node_session& to, node_time now);
  void conclude(std::uint64_t number, call_answer with);
  void lost(std::uint64_t number, const std::string& why);

  session_table& sessions_;
  node_ports& ports_;
  outbound_calls calls_;
  std::uint64_t turn_ = 0; // among those that fit
  bool draining_ = false;
  struct {
    std::uint64_t submitted = 0, answered = 0, lost = 0, run_again = 0, returned = 0, stale = 0;
  } counts_;
};

} // namespace taskactor::detail
