#include "node/call_dispatcher.hpp"

#include "node/peer_table.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace taskactor::detail {

call_answer answer_of(node_frames::result& what) {
  return {.how = call_answer::kind::result, .text = std::move(what.value)};
}
call_answer answer_of(node_frames::failed& what) {
  return {.how = call_answer::kind::failed, .text = std::move(what.text)};
}
call_answer answer_of(node_frames::refused& what) {
  return {.how = call_answer::kind::refused, .text = std::move(what.text), .why = what.why};
}
call_answer answer_of(node_frames::cancelled& what) {
  return {.how = call_answer::kind::cancelled, .text = std::move(what.text)};
}
call_answer answer_of(node_frames::timed_out& what) {
  return {.how = call_answer::kind::timed_out, .text = std::move(what.text), .whose = what.whose};
}

// -- where to ---------------------------------------------------------------

bool call_dispatcher::has_credit(const node_session& peer) const {
  return peer.is_well() && !peer.draining && calls_.on_their_way(peer.id) < peer.credit.window;
}

node_session* call_dispatcher::choose(const placement& where, bool with_window) {
  std::vector<node_session*> able;
  for (auto& [id, session] : sessions_)
    if ((with_window ? has_credit(session) : session.is_well())
        && fits(where, session.peer.name, session.peer.labels))
      able.push_back(&session);
  if (able.empty())
    return nullptr;
  if (where.how() != placement::kind::least_loaded)
    return able[turn_++ % able.size()];
  const auto left = [this](const node_session* each) { // since it has said so, some of ours have been sent
    return static_cast<std::int64_t>(each->credit.free)
           - static_cast<std::int64_t>(calls_.on_their_way(each->id));
  };
  const auto first = static_cast<std::ptrdiff_t>(turn_++ % able.size());
  std::rotate(able.begin(), able.begin() + first, able.end());
  return *std::max_element(able.begin(), able.end(),
                           [&](const auto* a, const auto* b) { return left(a) < left(b); });
}

// -- on their way -----------------------------------------------------------

std::uint64_t call_dispatcher::submit(call_request what, bool may_go, node_time now) {
  ++counts_.submitted;
  const auto where = what.where;
  const bool with_window = what.needs_window();
  const auto number = calls_.add(std::move(what));
  if (draining_ || !may_go) {
    conclude(number,
             {.how = call_answer::kind::no_node,
              .text = draining_ ? "this node is leaving" : to_string(where) + ": none is known here"});
    return number;
  }
  if (auto* const to = choose(where, with_window)) {
    send(number, *to, now);
    return number;
  }
  for (auto& [id, session] : sessions_)
    if (session.is_up() && fits(where, session.peer.name, session.peer.labels))
      announce(session, false);
  return number;
}

void call_dispatcher::send(std::uint64_t number, node_session& to, node_time now) {
  const auto key = calls_.sent(number, to.id, to.peer.name);
  auto& entry = *calls_.find(number);
  std::optional<std::chrono::nanoseconds> remaining;
  if (entry.what.deadline != node_time::max())
    remaining = std::max(std::chrono::nanoseconds{0}, between(now, entry.what.deadline));
  const auto& what = entry.what;
  ports_.send(to.id, node_frames::call{key, what.name, what.arguments, remaining, what.id});
}

void call_dispatcher::pump(node_session& to, node_time now) {
  while (to.is_well()) {
    const auto number = calls_.next_for(to.peer.name, to.peer.labels, false);
    if (number == 0)
      break;
    send(number, to, now);
  }
  while (has_credit(to)) {
    const auto number = calls_.next_for(to.peer.name, to.peer.labels);
    if (number == 0)
      return;
    send(number, to, now);
  }
  announce(to, false);
}

void call_dispatcher::pump_all(node_time now) {
  for (auto& [id, session] : sessions_)
    if (session.is_up())
      pump(session, now);
}

void call_dispatcher::announce(node_session& to, bool exactly) {
  if (to.draining)
    return;
  const auto waiting = calls_.waiting_for(to.peer.name, to.peer.labels);
  const auto wanted = waiting == 0 && !exactly ? 0 : waiting + calls_.on_their_way(to.id);
  const bool is_more = waiting != 0 && wanted >= 2 * to.credit.demanded && wanted > to.credit.window;
  const bool is_other = exactly && wanted != to.credit.demanded && (waiting != 0 || to.credit.demanded != 0);
  if (!is_more && !is_other)
    return;
  to.credit.demanded = wanted;
  ports_.send(to.id, node_frames::demand{wanted});
}

void call_dispatcher::cancel(std::uint64_t number) {
  auto* const entry = calls_.find(number);
  if (!entry || std::exchange(entry->cancelled, true))
    return;
  if (entry->is == pending_call::send_state::pending)
    conclude(number, {.how = call_answer::kind::cancelled, .fencing_token = entry->fencing_token});
  else
    ports_.send(entry->session, node_frames::cancel{{number, entry->fencing_token}});
}

void call_dispatcher::abandon(std::uint64_t number) {
  if (auto* const entry = calls_.find(number)) {
    if (!entry->cancelled && entry->is != pending_call::send_state::pending)
      ports_.send(entry->session, node_frames::cancel{{number, entry->fencing_token}});
    entry->cancelled = true;
    entry->what.sink = nullptr; // it has its place in the window until it is answered
    if (entry->is == pending_call::send_state::pending)
      conclude(number, {.how = call_answer::kind::cancelled});
  }
}

// -- answered ---------------------------------------------------------------

void call_dispatcher::conclude(std::uint64_t number, call_answer with) {
  const auto entry = calls_.take(number);
  ++counts_.answered;
  counts_.lost += with.how == call_answer::kind::lost ? 1 : 0;
  ports_.answer(entry.what.sink, std::move(with)); // null: nobody waits, but to leave
}

void call_dispatcher::session_lost(session_id which, const std::string& why) {
  for (const auto number : calls_.sent_in(which))
    lost(number, why);
}

void call_dispatcher::lost(std::uint64_t number, const std::string& why) {
  auto& entry = *calls_.find(number);
  if (entry.cancelled) {
    conclude(number,
             {.how = call_answer::kind::cancelled, .node = entry.node, .fencing_token = entry.fencing_token});
    return;
  }
  if (entry.what.idempotent && ++entry.losses < outbound_calls::most_losses && !draining_) {
    ++counts_.run_again;
    calls_.again(number);
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

void call_dispatcher::answered(node_session& from, const call_key& key, call_answer how, node_time now) {
  const auto* const entry = calls_.current(from.id, key);
  if (!entry) {
    ++counts_.stale;
    return;
  }
  how.node = entry->node;
  how.fencing_token = entry->fencing_token;
  conclude(key.number, std::move(how));
  pump(from, now);
}

bool call_dispatcher::take(node_session& from, node_frames::returned& what, node_time now) {
  const auto* const entry = calls_.current(from.id, what.key);
  if (!entry) {
    ++counts_.stale;
    return true;
  }
  if (entry->cancelled) {
    conclude(
        what.key.number,
        {.how = call_answer::kind::cancelled, .node = entry->node, .fencing_token = entry->fencing_token});
  } else {
    ++counts_.returned;
    calls_.again(what.key.number);
  }
  pump_all(now);
  return true;
}

bool call_dispatcher::take(node_session& from, node_frames::progress& what, node_time) {
  if (const auto* entry = calls_.current(from.id, what.key); entry && entry->what.sink)
    ports_.progress(entry->what.sink, std::move(what));
  return true;
}

bool call_dispatcher::take(node_session& from, node_frames::log& what, node_time) {
  constexpr std::uint64_t critical = 5;
  if (what.level > critical)
    return false;
  if (const auto* entry = calls_.current(from.id, what.key); entry && entry->what.sink)
    ports_.log(entry->what.sink, entry->node, std::move(what));
  return true;
}

// -- what peers say of their room -------------------------------------------

bool call_dispatcher::take(node_session& from, node_frames::window& what, node_time now) {
  from.credit.window = what.calls;
  ports_.send(from.id, node_frames::window_taken{what.calls});
  pump(from, now);
  return true;
}

bool call_dispatcher::take(node_session& from, node_frames::heartbeat& what, node_time) {
  from.credit.free = what.free;
  for (const auto& key : what.started)
    if (auto* const entry = calls_.current(from.id, key))
      entry->is = pending_call::send_state::started;
  return true;
}

// -- the end ----------------------------------------------------------------

void call_dispatcher::leave() {
  for (const auto number : calls_.all()) {
    const auto* entry = calls_.find(number);
    const bool sent = entry->is != pending_call::send_state::pending;
    conclude(number, {.how = sent ? call_answer::kind::lost : call_answer::kind::no_node,
                      .text = "this node has left",
                      .node = entry->node,
                      .fencing_token = entry->fencing_token});
  }
}

void call_dispatcher::tell(node_statistics& into) const {
  into.submitted = counts_.submitted;
  into.answered = counts_.answered;
  into.lost = counts_.lost;
  into.run_again = counts_.run_again;
  into.returned = counts_.returned;
  into.stale_answers = counts_.stale;
  into.waiting = calls_.waiting();
  into.on_their_way = calls_.size() - into.waiting;
}

} // namespace taskactor::detail
