// The calls that this node makes of others: see node_core.hpp.
#include "node/node_core.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace taskactor::detail {

// -- where to ---------------------------------------------------------------

bool node_core::fits(const placement& where, const session& peer) const {
  const auto& labels = peer.peer.labels;
  switch (where.how()) {
  case placement::kind::name:
    return peer.peer.name == where.which();
  case placement::kind::label:
    return std::find(labels.begin(), labels.end(), where.which()) != labels.end();
  default:
    return true;
  }
}

bool node_core::has_window(const session& peer) const {
  return is_well(peer) && !peer.draining && outbound_.on_their_way(peer.id) < peer.window;
}

/// Neither is there such a node, nor may it be one that hasn't answered yet.
bool node_core::is_hopeless(const placement& where) const {
  const auto silent = [](const auto& each) { return !each.second.has_answered; };
  if (std::any_of(addresses_.begin(), addresses_.end(), silent))
    return false;
  return std::none_of(known_.begin(), known_.end(), [&](const auto& each) {
    const auto& labels = each.second.labels;
    return where.how() == placement::kind::name ? each.first == where.which()
           : where.how() == placement::kind::label
               ? std::find(labels.begin(), labels.end(), where.which()) != labels.end()
               : true;
  });
}

node_core::session* node_core::choose(const placement& where, bool with_window) {
  std::vector<session*> able;
  for (auto& [id, session] : sessions_)
    if ((with_window ? has_window(session) : is_well(session)) && fits(where, session))
      able.push_back(&session);
  if (able.empty())
    return nullptr;
  if (where.how() != placement::kind::least_loaded)
    return able[turn_++ % able.size()];
  const auto left = [this](const session* each) { // since it has said so, some of ours have been sent
    return static_cast<std::int64_t>(each->free)
           - static_cast<std::int64_t>(outbound_.on_their_way(each->id));
  };
  const auto first = static_cast<std::ptrdiff_t>(turn_++ % able.size());
  std::rotate(able.begin(), able.begin() + first, able.end());
  return *std::max_element(able.begin(), able.end(),
                           [&](const auto* a, const auto* b) { return left(a) < left(b); });
}

// -- on their way -----------------------------------------------------------

std::uint64_t node_core::submit(call_request what, node_time now) {
  ++counts_.submitted;
  const auto where = what.where;
  const bool with_window = what.needs_window();
  const auto number = outbound_.add(std::move(what));
  if (draining_ || is_hopeless(where)) {
    conclude(number,
             {.how = call_answer::kind::no_node,
              .text = draining_ ? "this node is leaving" : to_string(where) + ": none is known here"});
    return number;
  }
  if (auto* const to = choose(where, with_window)) {
    send_call(number, *to, now);
    return number;
  }
  for (auto& [id, session] : sessions_)
    if (session.is == session_state::up && fits(where, session))
      announce(session, false);
  return number;
}

void node_core::send_call(std::uint64_t number, session& to, node_time now) {
  const auto key = outbound_.sent(number, to.id, to.peer.name);
  auto& entry = *outbound_.find(number);
  std::optional<std::chrono::nanoseconds> remaining;
  if (entry.what.deadline != node_time::max())
    remaining = std::max(std::chrono::nanoseconds{0}, between(now, entry.what.deadline));
  const auto& what = entry.what;
  ports_.send(to.id, node_frames::call{key, what.name, what.arguments, remaining, what.id});
}

void node_core::pump(session& to, node_time now) {
  while (is_well(to)) {
    const auto number = outbound_.next_for(to.peer.name, to.peer.labels, false);
    if (number == 0)
      break;
    send_call(number, to, now);
  }
  while (has_window(to)) {
    const auto number = outbound_.next_for(to.peer.name, to.peer.labels);
    if (number == 0)
      return;
    send_call(number, to, now);
  }
  announce(to, false);
}

void node_core::pump_all(node_time now) {
  for (auto& [id, session] : sessions_)
    if (session.is == session_state::up)
      pump(session, now);
}

/// How many calls the peer could have of us: at once when there are much more than it has been told, the
/// exact number with each heartbeat.
void node_core::announce(session& to, bool exactly) {
  if (to.draining)
    return;
  const auto waiting = outbound_.waiting_for(to.peer.name, to.peer.labels);
  const auto wanted = waiting == 0 && !exactly ? 0 : waiting + outbound_.on_their_way(to.id);
  const bool is_more = waiting != 0 && wanted >= 2 * to.demanded && wanted > to.window;
  const bool is_other = exactly && wanted != to.demanded && (waiting != 0 || to.demanded != 0);
  if (!is_more && !is_other)
    return;
  to.demanded = wanted;
  ports_.send(to.id, node_frames::demand{wanted});
}

void node_core::cancel(std::uint64_t number, node_time) {
  auto* const entry = outbound_.find(number);
  if (!entry || std::exchange(entry->cancelled, true))
    return;
  if (entry->is == pending_call::send_state::pending)
    conclude(number, {.how = call_answer::kind::cancelled, .fencing_token = entry->fencing_token});
  else
    ports_.send(entry->session, node_frames::cancel{{number, entry->fencing_token}});
}

void node_core::abandon(std::uint64_t number) {
  if (auto* const entry = outbound_.find(number)) {
    if (!entry->cancelled && entry->is != pending_call::send_state::pending)
      ports_.send(entry->session, node_frames::cancel{{number, entry->fencing_token}});
    entry->cancelled = true;
    entry->what.sink = nullptr; // it has its place in the window until it is answered
    if (entry->is == pending_call::send_state::pending)
      conclude(number, {.how = call_answer::kind::cancelled});
  }
}

// -- answered ---------------------------------------------------------------

void node_core::conclude(std::uint64_t number, call_answer with) {
  const auto entry = outbound_.take(number);
  ++counts_.answered;
  counts_.lost += with.how == call_answer::kind::lost ? 1 : 0;
  ports_.answer(entry.what.sink, std::move(with)); // null: nobody waits, but to leave
}

void node_core::lost(std::uint64_t number, const std::string& why) {
  auto& entry = *outbound_.find(number);
  if (entry.cancelled) {
    conclude(number,
             {.how = call_answer::kind::cancelled, .node = entry.node, .fencing_token = entry.fencing_token});
    return;
  }
  if (entry.what.idempotent && ++entry.losses < outbound_calls::most_losses && !draining_) {
    ++counts_.run_again;
    outbound_.again(number);
    return;
  }
  auto text = "node \"" + entry.node + "\" was lost under it (" + why + ')';
  if (entry.losses >= outbound_calls::most_losses)
    text += ", as " + std::to_string(entry.losses - 1) + " nodes before";
  text += entry.is == pending_call::send_state::started ? "; it had begun" : "; it may have begun";
  conclude(number, {.how = call_answer::kind::lost,
                    .text = std::move(text),
                    .node = entry.node,
                    .fencing_token = entry.fencing_token});
}

template <class Answer>
bool node_core::take(session& from, Answer& what, node_time now) {
  const auto* const entry = outbound_.current(from.id, what.key);
  if (!entry) {
    ++counts_.stale_answers;
    return true;
  }
  call_answer answer{.node = entry->node, .fencing_token = entry->fencing_token};
  using namespace node_frames;
  if constexpr (std::is_same_v<Answer, result>) {
    answer.how = call_answer::kind::result;
    answer.text = std::move(what.value);
  } else {
    answer.text = std::move(what.text);
    answer.how = std::is_same_v<Answer, failed>      ? call_answer::kind::failed
                 : std::is_same_v<Answer, cancelled> ? call_answer::kind::cancelled
                 : std::is_same_v<Answer, timed_out> ? call_answer::kind::timed_out
                                                     : call_answer::kind::refused;
    if constexpr (std::is_same_v<Answer, refused>)
      answer.why = what.why;
    if constexpr (std::is_same_v<Answer, timed_out>)
      answer.whose = what.whose;
  }
  conclude(what.key.number, std::move(answer));
  pump(from, now);
  return true;
}
template bool node_core::take(session&, node_frames::result&, node_time);
template bool node_core::take(session&, node_frames::failed&, node_time);
template bool node_core::take(session&, node_frames::refused&, node_time);
template bool node_core::take(session&, node_frames::cancelled&, node_time);
template bool node_core::take(session&, node_frames::timed_out&, node_time);

bool node_core::take(session& from, node_frames::returned& what, node_time now) {
  const auto* const entry = outbound_.current(from.id, what.key);
  if (!entry) {
    ++counts_.stale_answers;
    return true;
  }
  if (entry->cancelled) {
    conclude(
        what.key.number,
        {.how = call_answer::kind::cancelled, .node = entry->node, .fencing_token = entry->fencing_token});
  } else {
    ++counts_.returned;
    outbound_.again(what.key.number);
  }
  pump_all(now);
  return true;
}

bool node_core::take(session& from, node_frames::progress& what, node_time) {
  if (const auto* entry = outbound_.current(from.id, what.key); entry && entry->what.sink)
    ports_.progress(entry->what.sink, std::move(what));
  return true;
}

bool node_core::take(session& from, node_frames::log& what, node_time) {
  constexpr std::uint64_t critical = 5;
  if (what.level > critical)
    return false;
  if (const auto* entry = outbound_.current(from.id, what.key); entry && entry->what.sink)
    ports_.log(entry->what.sink, entry->node, std::move(what));
  return true;
}

// -- what peers say of their room -------------------------------------------

bool node_core::take(session& from, node_frames::window& what, node_time now) {
  from.window = what.calls;
  ports_.send(from.id, node_frames::window_taken{what.calls});
  pump(from, now);
  return true;
}

bool node_core::take(session& from, node_frames::heartbeat& what, node_time) {
  from.free = what.free;
  for (const auto& key : what.started)
    if (auto* const entry = outbound_.current(from.id, key))
      entry->is = pending_call::send_state::started;
  return true;
}

bool node_core::take(session& from, node_frames::draining&, node_time) {
  from.draining = true;
  ports_.note(2, "node \"" + from.peer.name + "\" is about to leave");
  return true;
}

bool node_core::take(session& from, node_frames::goodbye& what, node_time now) {
  const bool was_up = from.is == session_state::up;
  const auto name = from.peer.name;
  const auto text = what.text.empty() ? "it has said goodbye" : "it says: " + what.text;
  if (!was_up && what.why != close_reason::already_connected)
    ports_.note(3, "no session with " + from.address + ": " + text);
  const bool already = what.why == close_reason::already_connected;
  if (const auto dialled = addresses_.find(from.dialled); already && dialled != addresses_.end())
    dialled->second.has_answered = true;
  end_session(from.id, text, now);
  if (was_up && what.why == close_reason::leaving)
    if (const auto peer = known_.find(name); peer != known_.end() && peer->second.session == 0)
      known_.erase(peer);
  return true;
}

bool node_core::take(session&, node_frames::hello&, node_time) { return false; }

bool node_core::take(session& from, node_frames::welcome&, node_time now) {
  if (from.is != session_state::waiting)
    return false;
  begin_session(from, now);
  return true;
}

} // namespace taskactor::detail
