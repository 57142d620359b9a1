#include "node/node_sessions.hpp"

#include <utility>

namespace taskactor::detail {

namespace {

enum : int { debug = 1, info = 2, warning = 3 };

} // namespace

node_sessions::node_sessions(node_self self, std::vector<std::string> labels, const node_times& times,
                             tables with, node_ports& ports, session_observer& observer)
    : self_(std::move(self)),
      labels_(std::move(labels)),
      times_(times),
      with_(with),
      ports_(ports),
      observer_(observer) {}

// -- what links say ---------------------------------------------------------

session_id node_sessions::accept(std::string address, node_time now) {
  return with_.sessions.add(std::move(address), {}, now).id;
}

bool node_sessions::opened(session_id which, std::string certified, node_time now) {
  auto* const opened = with_.sessions.find(which);
  if (!opened)
    return false;
  opened->is = node_session::state::greeting;
  opened->certified = std::move(certified);
  opened->lease = node_lease{now};
  opened->since = now;
  ports_.send(which, node_frames::hello{node_protocol_version, self_.name, self_.uuid, self_.incarnation,
                                        counts_.begun + 1, labels_});
  return true;
}

node_session* node_sessions::heard(session_id from, node_time now) {
  auto* const session = with_.sessions.find(from);
  if (!session)
    return nullptr;
  // Until it is up, the greeting has its own limit.
  if (session->is_up() && !session->lease.heard(now, times_)) {
    end(from, "nothing was heard of it for too long", now);
    return nullptr;
  }
  if (left_) {
    refuse(from, close_reason::leaving, "this node has left", now);
    return nullptr;
  }
  return session;
}

void node_sessions::closed(session_id which, const std::string& why, node_time now) {
  if (const auto* session = with_.sessions.find(which); session && !session->is_up()) {
    // Once, and then only when it has been there meanwhile.
    const bool first = with_.connector.is_first_failure(session->dialled);
    ports_.note(first ? warning : debug, "no session with " + session->address + ": " + why);
  }
  end(which, why, now, false);
}

// -- frames -----------------------------------------------------------------

void node_sessions::greet(node_session& which, std::optional<node_frame> frame, std::string_view content,
                          node_time now) {
  if (frame && std::holds_alternative<node_frames::goodbye>(*frame)) {
    take(which, std::get<node_frames::goodbye>(*frame), now);
    return;
  }
  auto* const hello = frame ? std::get_if<node_frames::hello>(&*frame) : nullptr;
  const auto other = hello ? std::optional<std::uint64_t>{} : version_of_hello(content);
  if (!hello && (!other || *other == node_protocol_version)) {
    violated(which.id, "its first frame is no hello", now);
    return;
  }
  which.peer = hello ? std::move(*hello) : node_frames::hello{.version = *other};
  const auto verdict = judge_hello(self_, which.peer, which.certified, with_.peers.present(which.peer.name));
  if (verdict.then == greeting_verdict::what::refuse) {
    ++counts_.refused;
    refuse(which.id, verdict.why, verdict.text, now);
    return;
  }
  if (verdict.replaces)
    end(with_.peers.session_of(which.peer.name), "a later run of it is there", now);
  if (verdict.then == greeting_verdict::what::wait) {
    which.is = node_session::state::waiting;
  } else {
    ports_.send(which.id, node_frames::welcome{});
    begin(which, now);
  }
}

bool node_sessions::take(node_session& from, node_frames::welcome&, node_time now) {
  if (from.is != node_session::state::waiting)
    return false;
  begin(from, now);
  return true;
}

bool node_sessions::take(node_session& from, node_frames::goodbye& what, node_time now) {
  const bool was_up = from.is_up();
  const auto name = from.peer.name;
  const auto text = what.text.empty() ? "it has said goodbye" : "it says: " + what.text;
  if (!was_up && what.why != close_reason::already_connected)
    ports_.note(warning, "no session with " + from.address + ": " + text);
  if (what.why == close_reason::already_connected)
    with_.connector.answered(from.dialled);
  end(from.id, text, now);
  if (was_up && what.why == close_reason::leaving)
    with_.peers.forget(name);
  return true;
}

bool node_sessions::take(node_session& from, node_frames::draining&, node_time) {
  from.draining = true;
  ports_.note(info, "node \"" + from.peer.name + "\" is about to leave");
  return true;
}

void node_sessions::violated(session_id which, const std::string& how, node_time now) {
  ++counts_.violations;
  refuse(which, close_reason::violation, how, now);
}

// -- from one to the next ---------------------------------------------------

void node_sessions::begin(node_session& which, node_time now) {
  if (const auto before = with_.peers.session_of(which.peer.name); before != 0)
    end(before, "it has connected anew", now);
  with_.peers.up(which);
  which.is = node_session::state::up;
  which.lease = node_lease{now};
  ++counts_.begun;
  with_.connector.succeeded(which.dialled);
  if (draining_)
    ports_.send(which.id, node_frames::draining{});
  ports_.note(info, "node \"" + which.peer.name + "\" is up, at " + which.address);
  observer_.session_up(which, now);
}

void node_sessions::end(session_id which, const std::string& why, node_time now, bool hang_up) {
  const auto found = with_.sessions.extract(which);
  if (!found)
    return;
  const auto& over = found.mapped();
  if (hang_up)
    ports_.close(which);
  with_.connector.failed(over.dialled, why, now);
  if (!over.is_up())
    return;
  const bool leaves = left_ || over.draining;
  counts_.lost += leaves ? 0 : 1;
  ports_.note(leaves ? info : warning,
              "node \"" + over.peer.name + (leaves ? "\" is gone: " : "\" is lost: ") + why);
  with_.peers.down(over.peer.name, why);
  with_.connector.hurry(now);
  observer_.session_down(which, why, now);
}

void node_sessions::refuse(session_id which, close_reason why, const std::string& text, node_time now) {
  const auto* const session = with_.sessions.find(which);
  if (session && session->is != node_session::state::opening)
    ports_.send(which, node_frames::goodbye{why, text});
  if (session && !session->is_up() && !left_)
    ports_.note(warning, "no session with " + session->address + ": " + text);
  end(which, text, now);
}

bool node_sessions::check_leases(node_time now) {
  std::vector<std::pair<session_id, std::string>> over;
  bool recovered = false;
  for (auto& [id, session] : with_.sessions) {
    if (!session.is_up()) {
      if (now - session.since >= times_.greeting)
        over.emplace_back(id, "it hasn't greeted in time");
      continue;
    }
    const auto standing = session.lease.at(now, times_);
    if (standing == node_lease::standing::lost)
      over.emplace_back(id, "nothing was heard of it for too long");
    else if (observer_.is_overdue(id))
      over.emplace_back(id, "it doesn't answer the windows that it is sent");
    const bool suspect = standing == node_lease::standing::suspect;
    recovered = recovered || (session.suspect && !suspect);
    if (suspect && !session.suspect)
      ports_.note(warning, "node \"" + session.peer.name + "\" is suspect: it says nothing");
    session.suspect = suspect;
  }
  for (const auto& [id, why] : over)
    end(id, why, now);
  return recovered;
}

// -- the end ----------------------------------------------------------------

void node_sessions::drain() {
  draining_ = true;
  for (const auto& [id, session] : with_.sessions)
    if (session.is_up())
      ports_.send(id, node_frames::draining{});
}

void node_sessions::leave(node_time now) {
  left_ = true;
  while (!with_.sessions.is_empty())
    refuse(with_.sessions.begin()->first, close_reason::leaving, "it leaves", now);
}

void node_sessions::tell(node_statistics& into) const {
  into.sessions = counts_.begun;
  into.sessions_lost = counts_.lost;
  into.sessions_refused = counts_.refused;
  into.violations = counts_.violations;
}

} // namespace taskactor::detail
