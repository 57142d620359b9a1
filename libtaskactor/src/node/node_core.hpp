/// One node's part in the protocol: what comes of each frame, of each end of a connection, of each call that
/// is made here, and of the passing of time.
///
///     here: submit, cancel -----> +-----------+ -----> send, dial, close      links
///     links: opened, received --> | node_core | -----> begin, stop            calls of others, run here
///     time: tick ---------------> +-----------+ -----> answer                 calls of ours
///
/// Everything that others may do wrong is decided here, and nothing here is asynchronous: what it has done is
/// told to `node_ports`, in order. So whole clusters run in a test, in virtual time. A plain class without
/// CAF in it. Threads: one at a time (`node_host` has the lock).
#pragma once

#include "node/access_control.hpp"
#include "node/membership.hpp"
#include "node/node_ports.hpp"
#include "node/outbound_calls.hpp"
#include "node/protocol.hpp"
#include "node/window_allocator.hpp"

#include <taskactor/node/node_info.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

struct node_core_options {
  node_self self{};
  std::vector<std::string> labels{};
  node_times times{};
  std::vector<access_rule> rights{};
  std::uint64_t seed = 0;
};

class node_core {
public:
  node_core(node_core_options options, node_ports& ports);

  // -- links ----------------------------------------------------------------
  /// A connection has come: `opened` follows.
  session_id accept(std::string address, node_time now);
  void join(const std::string& address, node_time now);
  /// False: it isn't one of ours.
  bool disconnect(const std::string& address, node_time now);
  /// False: it has been given up meanwhile.
  bool opened(session_id which, std::string certified, node_time now);
  void received(session_id from, std::string_view content, node_time now);
  void closed(session_id which, const std::string& why, node_time now);
  void tick(node_time now);

  // -- calls of ours --------------------------------------------------------
  std::uint64_t submit(call_request what, node_time now);
  /// Its answer is still waited for.
  void cancel(std::uint64_t number, node_time now);
  /// Nobody waits for it any more.
  void abandon(std::uint64_t number);

  // -- calls of others ------------------------------------------------------
  /// How many may run at once, and how many more may wait here for their turn.
  void set_capacity(std::size_t calls, std::size_t ahead, node_time now);
  void inbound_begun(inbound_id which);
  void inbound_ended(inbound_id which, inbound_result how, node_time now);
  void inbound_progress(inbound_id which, std::uint64_t done, std::uint64_t total, std::string text);
  void inbound_log(inbound_id which, std::uint64_t level, std::string logger, std::string text);

  // -- the end --------------------------------------------------------------
  /// No more calls are taken, and those that haven't begun go back.
  void drain(node_time now);
  bool has_inbound() const noexcept { return !inbound_.empty(); }
  bool has_calls() const noexcept { return outbound_.size() != 0; }
  /// Says goodbye to all, and answers what is still open.
  void leave(node_time now);

  std::vector<node_peer> peers() const;
  node_statistics statistics() const;
  const node_self& self() const noexcept { return self_; }

private:
  enum class session_state : std::uint8_t { opening, greeting, waiting, up };
  struct session {
    session_id id;
    session_state is;
    std::string certified, address;
    std::string dialled{}; // the address of ours; empty: it came by itself
    node_lease lease;
    node_time since;
    node_frames::hello peer{};
    std::uint64_t window = 0, demanded = 0, free = 0;
    bool suspect = false, draining = false;
  };
  struct address {
    back_off pause{};
    node_time next{};
    session_id current = 0;
    bool has_answered = false;
    std::string reason{}; // why not lately
  };
  struct known_peer {
    std::string uuid;
    std::uint64_t incarnation = 0;
    std::vector<std::string> labels{};
    session_id session = 0; // zero: it is down
    std::string address{}, reason{};
  };
  struct inbound {
    session_id session;
    call_key key;
    std::optional<access_control::use> use;
    bool begun = false, told = false;
    bool has_window = true;
  };
  static constexpr std::size_t most_known = 1024;

  // sessions
  void greet(session& which, std::string_view content, node_time now);
  void begin_session(session& which, node_time now);
  void end_session(session_id which, const std::string& why, node_time now, bool tell = true);
  void end_session(session_id which, close_reason why, const std::string& text, node_time now);
  void dial_due(node_time now);
  void try_later(const std::string& address, const std::string& why, node_time now);
  void beat(node_time now);
  void forget_some();
  session* find_session(session_id which);

  // frames of a session that is up; false: it isn't to be
  bool take(session& from, node_frames::hello& what, node_time now);
  bool take(session& from, node_frames::welcome& what, node_time now);
  bool take(session& from, node_frames::goodbye& what, node_time now);
  bool take(session& from, node_frames::heartbeat& what, node_time now);
  bool take(session& from, node_frames::draining& what, node_time now);
  bool take(session& from, node_frames::window& what, node_time now);
  bool take(session& from, node_frames::window_taken& what, node_time now);
  bool take(session& from, node_frames::demand& what, node_time now);
  bool take(session& from, node_frames::call& what, node_time now);
  bool take(session& from, node_frames::cancel& what, node_time now);
  bool take(session& from, node_frames::progress& what, node_time now);
  bool take(session& from, node_frames::log& what, node_time now);
  bool take(session& from, node_frames::returned& what, node_time now);
  template <class Answer>
  bool take(session& from, Answer& what, node_time now);

  // calls of ours
  bool fits(const placement& where, const session& peer) const;
  bool is_well(const session& peer) const { return peer.is == session_state::up && !peer.suspect; }
  bool has_window(const session& peer) const;
  bool is_hopeless(const placement& where) const;
  session* choose(const placement& where, bool with_window);
  void send_call(std::uint64_t number, session& to, node_time now);
  void pump(session& to, node_time now);
  void pump_all(node_time now);
  void announce(session& to, bool exactly);
  void conclude(std::uint64_t number, call_answer with);
  void lost(std::uint64_t number, const std::string& why);

  // calls of others
  void share_out();
  void limit_windows();
  void answer_inbound(const inbound& which, const inbound_result& how);
  void send_answer(const inbound& which, const inbound_result& how);

  node_self self_;
  std::vector<std::string> labels_;
  node_times times_;
  node_ports& ports_;
  std::mt19937_64 random_;
  std::map<session_id, session> sessions_;
  std::map<std::string, address> addresses_;
  std::map<std::string, known_peer> known_;
  outbound_calls outbound_;
  window_allocator windows_;
  access_control rights_;
  std::map<inbound_id, inbound> inbound_;
  std::map<std::pair<session_id, std::uint64_t>, inbound_id> inbound_numbers_;
  std::size_t capacity_ = 0, ahead_ = 0, orphans_ = 0;
  std::uint64_t last_session_ = 0, last_inbound_ = 0, turn_ = 0;
  node_time next_beat_{};
  bool draining_ = false, left_ = false;
  node_statistics counts_;
};

} // namespace taskactor::detail
