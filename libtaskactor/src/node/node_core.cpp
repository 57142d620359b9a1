#include "node/node_core.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace taskactor {

std::string_view to_string(peer_state state) noexcept {
  switch (state) {
  case peer_state::connecting:
    return "connecting";
  case peer_state::up:
    return "up";
  case peer_state::suspect:
    return "suspect";
  case peer_state::draining:
    return "draining";
  case peer_state::down:
    return "down";
  }
  return "?";
}

namespace detail {

node_core::node_core(node_core_options options, node_ports& ports)
    : ports_(ports),
      heartbeat_(options.times.heartbeat),
      connector_(options.times, options.seed, table_, ports),
      sessions_(std::move(options.self), std::move(options.labels), options.times,
                {table_, peers_, connector_}, ports, *this),
      outbound_(table_, ports),
      windows_(ports),
      inbound_(std::move(options.rights), windows_, ports) {}

// -- links ------------------------------------------------------------------

void node_core::join(const std::string& address, node_time now) {
  connector_.add(address, now);
  connector_.dial_due(now);
}

bool node_core::disconnect(const std::string& address, node_time now) {
  const auto current = connector_.remove(address);
  if (!current)
    return false;
  if (*current != 0)
    sessions_.refuse(*current, close_reason::leaving, "it has disconnected from this address", now);
  return true;
}

void node_core::received(session_id from, std::string_view content, node_time now) {
  auto* const session = sessions_.heard(from, now);
  if (!session)
    return;
  auto frame = decode_node_frame(content);
  if (session->is == node_session::state::greeting) {
    sessions_.greet(*session, std::move(frame), content, now);
    return;
  }
  const bool is_early = frame && session->is == node_session::state::waiting
                        && !std::holds_alternative<node_frames::welcome>(*frame)
                        && !std::holds_alternative<node_frames::goodbye>(*frame);
  const bool sound = frame && !is_early && take(*session, *frame, now);
  if (!sound && table_.find(from))
    sessions_.violated(from, "it has sent a frame that means nothing here", now);
}

/// Each frame has a part that it is for. False: the session isn't to be.
bool node_core::take(node_session& from, node_frame& frame, node_time now) {
  return std::visit(
      [&](auto& what) {
        if constexpr (requires { sessions_.take(from, what, now); }) {
          return sessions_.take(from, what, now);
        } else if constexpr (requires { outbound_.take(from, what, now); }) {
          return outbound_.take(from, what, now);
        } else if constexpr (requires { windows_.take(from, what); }) {
          return windows_.take(from, what);
        } else if constexpr (requires { inbound_.take(from, what); }) {
          return inbound_.take(from, what);
        } else if constexpr (requires { answer_of(what); }) {
          outbound_.answered(from, what.key, answer_of(what), now);
          return true;
        } else {
          static_assert(std::is_same_v<decltype(what), node_frames::hello&>);
          return false; // it has said so before
        }
      },
      frame);
}

void node_core::session_up(node_session& which, node_time now) {
  windows_.add(which.id);
  outbound_.pump(which, now);
}

void node_core::session_down(session_id which, const std::string& why, node_time now) {
  outbound_.session_lost(which, why);
  windows_.remove(which, inbound_.session_lost(which));
  outbound_.pump_all(now);
}

bool node_core::is_overdue(session_id which) const { return windows_.is_overdue(which); }

// -- time -------------------------------------------------------------------

void node_core::tick(node_time now) {
  const bool recovered = sessions_.check_leases(now);
  if (now >= next_beat_)
    beat(now);
  connector_.dial_due(now);
  if (recovered)
    outbound_.pump_all(now);
}

void node_core::beat(node_time now) {
  next_beat_ = now + heartbeat_;
  windows_.turn();
  const auto free = windows_.capacity() - std::min(windows_.capacity(), inbound_.size());
  for (auto& [id, session] : table_) {
    if (!session.is_up())
      continue;
    ports_.send(id, node_frames::heartbeat{free, inbound_.newly_begun(id)});
    outbound_.announce(session, true);
  }
}

// -- calls ------------------------------------------------------------------

std::uint64_t node_core::submit(call_request what, node_time now) {
  const bool may_go = connector_.has_silent() || peers_.any_fits(what.where);
  return outbound_.submit(std::move(what), may_go, now);
}

void node_core::inbound_ended(inbound_id which, const inbound_result& how) {
  const auto over = inbound_.remove(which);
  if (!over)
    return;
  if (how.how == inbound_result::kind::returned)
    drain(); // its manager takes no more: said first, or the call would be sent here again
  inbound_.answer(*over, how);
}

// -- the end ----------------------------------------------------------------

void node_core::drain() {
  if (windows_.is_closed())
    return;
  outbound_.drain();
  windows_.close();
  sessions_.drain();
  inbound_.hand_back();
}

void node_core::leave(node_time now) {
  drain();
  connector_.stop();
  outbound_.leave();
  sessions_.leave(now);
}

// -- what it says of itself -------------------------------------------------

std::vector<node_peer> node_core::peers() const {
  std::vector<node_peer> all;
  for (const auto& [name, peer] : peers_.all()) {
    node_peer made{.name = name,
                   .address = peer.address,
                   .state = peer_state::down,
                   .uuid = peer.uuid,
                   .incarnation = peer.incarnation,
                   .labels = peer.labels,
                   .reason = peer.reason};
    if (const auto* const session = table_.find(peer.session)) {
      made.state = session->draining  ? peer_state::draining
                   : session->suspect ? peer_state::suspect
                                      : peer_state::up;
      made.free = session->credit.free;
      made.window = session->credit.window;
      made.calls = outbound_.on_their_way(session->id);
      made.inbound = inbound_.count(session->id);
    }
    all.push_back(std::move(made));
  }
  for (const auto& [text, address] : connector_.all())
    if (!address.has_answered)
      all.push_back({.name = {}, .address = text, .state = peer_state::connecting, .reason = address.reason});
  return all;
}

node_statistics node_core::statistics() const {
  node_statistics result;
  sessions_.tell(result);
  outbound_.tell(result);
  inbound_.tell(result);
  result.window = windows_.limit();
  return result;
}

} // namespace detail
} // namespace taskactor
