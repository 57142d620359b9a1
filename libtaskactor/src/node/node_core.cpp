#include "node/node_core.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

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

namespace {

enum : int { debug = 1, info = 2, warning = 3 };
constexpr std::size_t most_beats_unanswered = 16; // long after its lease, if it said nothing at all

} // namespace

node_core::node_core(node_core_options options, node_ports& ports)
    : self_(std::move(options.self)),
      labels_(std::move(options.labels)),
      times_(options.times),
      ports_(ports),
      random_(options.seed),
      rights_(std::move(options.rights)) {}

node_core::session* node_core::find_session(session_id which) {
  const auto found = sessions_.find(which);
  return found == sessions_.end() ? nullptr : &found->second;
}

// -- addresses --------------------------------------------------------------

void node_core::join(const std::string& address, node_time now) {
  if (const auto [at, is_new] = addresses_.try_emplace(address); is_new)
    at->second.next = now;
  dial_due(now);
}

bool node_core::disconnect(const std::string& address, node_time now) {
  const auto found = addresses_.find(address);
  if (found == addresses_.end())
    return false;
  const auto current = found->second.current;
  addresses_.erase(found);
  if (current != 0)
    end_session(current, close_reason::leaving, "it has disconnected from this address", now);
  return true;
}

void node_core::dial_due(node_time now) {
  if (left_)
    return;
  for (auto& [text, address] : addresses_) {
    if (address.current != 0 || now < address.next)
      continue;
    const auto id = address.current = ++last_session_;
    sessions_.emplace(id, session{.id = id,
                                  .is = session_state::opening,
                                  .certified = {},
                                  .address = text,
                                  .dialled = text,
                                  .lease = node_lease{now},
                                  .since = now});
    ports_.dial(id, text);
  }
}

void node_core::try_later(const std::string& address, const std::string& why, node_time now) {
  const auto found = addresses_.find(address);
  if (found == addresses_.end())
    return;
  constexpr double whole = 1.0;
  found->second.current = 0;
  found->second.reason = why;
  found->second.next
      = now + found->second.pause.failed(times_, std::uniform_real_distribution<double>{0, whole}(random_));
}

// -- sessions ---------------------------------------------------------------

session_id node_core::accept(std::string address, node_time now) {
  const auto id = ++last_session_;
  sessions_.emplace(id, session{.id = id,
                                .is = session_state::opening,
                                .certified = {},
                                .address = std::move(address),
                                .lease = node_lease{now},
                                .since = now});
  return id;
}

bool node_core::opened(session_id which, std::string certified, node_time now) {
  auto* const opened = find_session(which);
  if (!opened)
    return false;
  opened->is = session_state::greeting;
  opened->certified = std::move(certified);
  opened->lease = node_lease{now};
  opened->since = now;
  ports_.send(which, node_frames::hello{node_protocol_version, self_.name, self_.uuid, self_.incarnation,
                                        counts_.sessions + 1, labels_});
  return true;
}

void node_core::received(session_id from, std::string_view content, node_time now) {
  auto* const session = find_session(from);
  if (!session)
    return;
  // Until it is up, the greeting has its own limit.
  if (session->is == session_state::up && !session->lease.heard(now, times_)) {
    end_session(from, "nothing was heard of it for too long", now);
    return;
  }
  if (left_) {
    end_session(from, close_reason::leaving, "this node has left", now);
    return;
  }
  if (session->is == session_state::greeting) {
    greet(*session, content, now);
    return;
  }
  auto frame = decode_node_frame(content);
  const bool is_early = frame && session->is == session_state::waiting
                        && !std::holds_alternative<node_frames::welcome>(*frame)
                        && !std::holds_alternative<node_frames::goodbye>(*frame);
  const bool sound
      = frame && !is_early && std::visit([&](auto& each) { return take(*session, each, now); }, *frame);
  if (!sound && find_session(from)) {
    ++counts_.violations;
    end_session(from, close_reason::violation, "it has sent a frame that means nothing here", now);
  }
}

void node_core::greet(session& which, std::string_view content, node_time now) {
  auto frame = decode_node_frame(content);
  if (frame && std::holds_alternative<node_frames::goodbye>(*frame)) {
    take(which, std::get<node_frames::goodbye>(*frame), now);
    return;
  }
  auto* const hello = frame ? std::get_if<node_frames::hello>(&*frame) : nullptr;
  const auto other = hello ? std::optional<std::uint64_t>{} : version_of_hello(content);
  if (!hello && (!other || *other == node_protocol_version)) {
    ++counts_.violations;
    end_session(which.id, close_reason::violation, "its first frame is no hello", now);
    return;
  }
  which.peer = hello ? std::move(*hello) : node_frames::hello{.version = *other};
  std::optional<present_session> present;
  const auto known = known_.find(which.peer.name);
  if (known != known_.end() && known->second.session != 0)
    present = {known->second.uuid, known->second.incarnation};
  const auto verdict = judge_hello(self_, which.peer, which.certified, present);
  if (verdict.then == greeting_verdict::what::refuse) {
    ++counts_.sessions_refused;
    end_session(which.id, verdict.why, verdict.text, now);
    return;
  }
  if (verdict.replaces)
    end_session(known->second.session, "a later run of it is there", now);
  if (verdict.then == greeting_verdict::what::wait) {
    which.is = session_state::waiting;
  } else {
    ports_.send(which.id, node_frames::welcome{});
    begin_session(which, now);
  }
}

void node_core::begin_session(session& which, node_time now) {
  if (const auto before = known_.find(which.peer.name); before != known_.end() && before->second.session != 0)
    end_session(before->second.session, "it has connected anew", now);
  known_[which.peer.name]
      = {which.peer.uuid, which.peer.incarnation, which.peer.labels, which.id, which.address, {}};
  which.is = session_state::up;
  which.lease = node_lease{now};
  ++counts_.sessions;
  if (const auto dialled = addresses_.find(which.dialled); dialled != addresses_.end()) {
    dialled->second.pause.succeeded();
    dialled->second.has_answered = true;
  }
  windows_.add(which.id);
  if (draining_)
    ports_.send(which.id, node_frames::draining{});
  ports_.note(info, "node \"" + which.peer.name + "\" is up, at " + which.address);
  share_out();
  pump(which, now);
}

void node_core::end_session(session_id which, const std::string& why, node_time now, bool tell) {
  const auto found = sessions_.extract(which);
  if (!found)
    return;
  auto& over = found.mapped();
  if (tell)
    ports_.close(which);
  if (!over.dialled.empty())
    try_later(over.dialled, why, now);
  if (over.is != session_state::up)
    return;
  const bool leaves = left_ || over.draining;
  counts_.sessions_lost += leaves ? 0 : 1;
  ports_.note(leaves ? info : warning,
              "node \"" + over.peer.name + (leaves ? "\" is gone: " : "\" is lost: ") + why);
  auto& peer = known_[over.peer.name];
  peer.session = 0;
  peer.reason = why;
  windows_.remove(which);
  for (const auto number : outbound_.sent_in(which))
    lost(number, why);
  for (auto& [id, inbound] : inbound_)
    if (inbound.session == which) {
      inbound_numbers_.erase({which, inbound.key.number});
      orphans_ += inbound.has_window ? 1 : 0;
      ++counts_.orphaned;
      ports_.stop(id);
    }
  for (auto& [text, address] : addresses_) // its other addresses, which were refused since it was there
    if (address.current == 0 && address.pause.failures() != 0)
      address.next = std::min(address.next, now + times_.first_pause);
  limit_windows();
  forget_some();
  pump_all(now);
}

void node_core::end_session(session_id which, close_reason why, const std::string& text, node_time now) {
  const auto* const session = find_session(which);
  if (session && session->is != session_state::opening)
    ports_.send(which, node_frames::goodbye{why, text});
  if (session && session->is != session_state::up && !left_)
    ports_.note(warning, "no session with " + session->address + ": " + text);
  end_session(which, text, now);
}

void node_core::closed(session_id which, const std::string& why, node_time now) {
  if (const auto* session = find_session(which); session && session->is != session_state::up) {
    const auto dialled = addresses_.find(session->dialled);
    // Once, and then only when it has been there meanwhile.
    const bool first = dialled == addresses_.end() || dialled->second.pause.failures() == 0;
    ports_.note(first ? warning : debug, "no session with " + session->address + ": " + why);
  }
  end_session(which, why, now, false);
}

/// Of peers that are down, so that what comes and goes costs no memory for ever.
void node_core::forget_some() {
  for (auto at = known_.begin(); at != known_.end() && known_.size() > most_known;)
    at = at->second.session == 0 ? known_.erase(at) : std::next(at);
}

// -- time -------------------------------------------------------------------

void node_core::tick(node_time now) {
  std::vector<std::pair<session_id, std::string>> over;
  bool recovered = false;
  for (auto& [id, session] : sessions_) {
    if (session.is != session_state::up) {
      if (now - session.since >= times_.greeting)
        over.emplace_back(id, "it hasn't greeted in time");
      continue;
    }
    const auto standing = session.lease.at(now, times_);
    if (standing == node_lease::standing::lost)
      over.emplace_back(id, "nothing was heard of it for too long");
    else if (windows_.is_overdue(id, most_beats_unanswered))
      over.emplace_back(id, "it doesn't answer the windows that it is sent");
    const bool suspect = standing == node_lease::standing::suspect;
    recovered = recovered || (session.suspect && !suspect);
    if (suspect && !session.suspect)
      ports_.note(warning, "node \"" + session.peer.name + "\" is suspect: it says nothing");
    session.suspect = suspect;
  }
  for (const auto& [id, why] : over)
    end_session(id, why, now);
  if (now >= next_beat_)
    beat(now);
  dial_due(now);
  if (recovered)
    pump_all(now);
}

void node_core::beat(node_time now) {
  next_beat_ = now + times_.heartbeat;
  windows_.turn();
  share_out();
  const auto free = capacity_ - std::min(capacity_, inbound_.size());
  for (auto& [id, session] : sessions_) {
    if (session.is != session_state::up)
      continue;
    node_frames::heartbeat what{free, {}};
    for (auto& [inbound_number, inbound] : inbound_)
      if (inbound.session == id && inbound.begun && !std::exchange(inbound.told, true))
        what.started.push_back(inbound.key);
    ports_.send(id, std::move(what));
    announce(session, true);
  }
}

// -- the end ----------------------------------------------------------------

void node_core::drain(node_time now) {
  if (std::exchange(draining_, true))
    return;
  limit_windows();
  for (const auto& [id, session] : sessions_)
    if (session.is == session_state::up)
      ports_.send(id, node_frames::draining{});
  for (const auto& [id, inbound] : inbound_)
    if (!inbound.begun)
      ports_.hand_back(id);
  static_cast<void>(now);
}

void node_core::leave(node_time now) {
  drain(now);
  left_ = true;
  for (const auto number : outbound_.all()) {
    const auto* entry = outbound_.find(number);
    const bool sent = entry->is != pending_call::send_state::pending;
    conclude(number, {.how = sent ? call_answer::kind::lost : call_answer::kind::no_node,
                      .text = "this node has left",
                      .node = entry->node,
                      .fencing_token = entry->fencing_token});
  }
  while (!sessions_.empty())
    end_session(sessions_.begin()->first, close_reason::leaving, "it leaves", now);
}

} // namespace detail
} // namespace taskactor
