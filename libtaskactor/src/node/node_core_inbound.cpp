// The calls of others that run here, and what this node says of itself: see node_core.hpp.
#include "node/node_core.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

void node_core::set_capacity(std::size_t calls, std::size_t ahead, node_time now) {
  if (capacity_ == calls && ahead_ == ahead)
    return;
  capacity_ = calls;
  ahead_ = ahead;
  limit_windows();
  static_cast<void>(now);
}

/// Calls whose submitter is gone run on until they have ended, and take their room so long.
void node_core::limit_windows() {
  const auto all = draining_ ? 0 : capacity_ + ahead_;
  windows_.set_limit(all - std::min(all, orphans_));
  share_out();
}

void node_core::share_out() {
  for (const auto& [whose, window] : windows_.share_out())
    ports_.send(whose, node_frames::window{window});
}

bool node_core::take(session& from, node_frames::demand& what, node_time) {
  windows_.demanded(from.id, what.calls);
  share_out();
  return true;
}

bool node_core::take(session& from, node_frames::window_taken& what, node_time) {
  if (!windows_.taken(from.id, what.calls))
    return false;
  share_out();
  return true;
}

bool node_core::take(session& from, node_frames::call& what, node_time) {
  const bool needs_window = !what.name.starts_with(own_task_prefix);
  if (inbound_numbers_.contains({from.id, what.key.number}) || (needs_window && !windows_.arrived(from.id)))
    return false;
  const inbound made{.session = from.id, .key = what.key, .has_window = needs_window};
  if (draining_ && needs_window) {
    answer_inbound(made, {.how = inbound_result::kind::returned});
    return true;
  }
  auto right = rights_.enter(principal_of(from.peer.name), what.name);
  if (!right.refusal.empty()) {
    ++counts_.refused;
    answer_inbound(
        made, {.how = inbound_result::kind::refused, .text = right.refusal, .why = refusal::not_permitted});
    return true;
  }
  const auto id = ++last_inbound_;
  auto& kept = inbound_.emplace(id, made).first->second;
  kept.use = std::move(right.taken);
  inbound_numbers_.emplace(std::pair{from.id, what.key.number}, id);
  ++counts_.taken;
  ports_.begin({id, from.peer.name, std::move(what)});
  return true;
}

bool node_core::take(session& from, node_frames::cancel& what, node_time) {
  const auto found = inbound_numbers_.find({from.id, what.key.number});
  if (found != inbound_numbers_.end() && inbound_.at(found->second).key == what.key)
    ports_.stop(found->second);
  return true; // else it has crossed the answer
}

void node_core::inbound_begun(inbound_id which) {
  if (const auto found = inbound_.find(which); found != inbound_.end())
    found->second.begun = true;
}

void node_core::inbound_ended(inbound_id which, inbound_result how, node_time now) {
  const auto found = inbound_.extract(which);
  if (!found)
    return;
  if (how.how == inbound_result::kind::returned)
    drain(now); // its manager takes no more: said first, or the call would be sent here again
  auto& over = found.mapped();
  rights_.leave(over.use);
  if (sessions_.contains(over.session)) {
    inbound_numbers_.erase({over.session, over.key.number});
    counts_.refused += how.how == inbound_result::kind::refused ? 1 : 0;
    answer_inbound(over, how);
  } else {
    orphans_ -= over.has_window ? 1 : 0;
    limit_windows();
  }
}

void node_core::answer_inbound(const inbound& which, const inbound_result& how) {
  const bool room = which.has_window && windows_.ended(which.session);
  send_answer(which, how);
  if (room)
    share_out();
}

void node_core::send_answer(const inbound& which, const inbound_result& how) {
  using namespace node_frames;
  const auto& key = which.key;
  switch (how.how) {
  case inbound_result::kind::result:
    return ports_.send(which.session, result{key, how.text});
  case inbound_result::kind::failed:
    return ports_.send(which.session, failed{key, how.text});
  case inbound_result::kind::refused:
    return ports_.send(which.session, refused{key, how.why, how.text});
  case inbound_result::kind::cancelled:
    return ports_.send(which.session, cancelled{key, how.text});
  case inbound_result::kind::timed_out:
    return ports_.send(which.session, timed_out{key, how.whose, how.text});
  case inbound_result::kind::returned:
    return ports_.send(which.session, returned{key});
  }
}

void node_core::inbound_progress(inbound_id which, std::uint64_t done, std::uint64_t total,
                                 std::string text) {
  if (const auto found = inbound_.find(which);
      found != inbound_.end() && sessions_.contains(found->second.session))
    ports_.send(found->second.session,
                node_frames::progress{found->second.key, done, total, std::move(text)});
}

void node_core::inbound_log(inbound_id which, std::uint64_t level, std::string logger, std::string text) {
  if (const auto found = inbound_.find(which);
      found != inbound_.end() && sessions_.contains(found->second.session))
    ports_.send(found->second.session,
                node_frames::log{found->second.key, level, std::move(logger), std::move(text)});
}

// -- what it says of itself -------------------------------------------------

std::vector<node_peer> node_core::peers() const {
  std::vector<node_peer> all;
  for (const auto& [name, peer] : known_) {
    node_peer made{.name = name,
                   .address = peer.address,
                   .state = peer_state::down,
                   .uuid = peer.uuid,
                   .incarnation = peer.incarnation,
                   .labels = peer.labels,
                   .reason = peer.reason};
    if (const auto found = sessions_.find(peer.session); found != sessions_.end()) {
      const auto& session = found->second;
      made.state = session.draining  ? peer_state::draining
                   : session.suspect ? peer_state::suspect
                                     : peer_state::up;
      made.free = session.free;
      made.window = session.window;
      made.calls = outbound_.on_their_way(session.id);
      made.guests
          = static_cast<std::size_t>(std::count_if(inbound_.begin(), inbound_.end(), [&](const auto& each) {
              return each.second.session == session.id;
            }));
    }
    all.push_back(std::move(made));
  }
  for (const auto& [text, address] : addresses_)
    if (!address.has_answered)
      all.push_back({.name = {}, .address = text, .state = peer_state::connecting, .reason = address.reason});
  return all;
}

node_statistics node_core::statistics() const {
  auto result = counts_;
  result.waiting = outbound_.waiting();
  result.on_their_way = outbound_.size() - result.waiting;
  result.guests = inbound_.size();
  result.room = windows_.limit();
  return result;
}

} // namespace taskactor::detail
