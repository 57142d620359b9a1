#include "node/inbound_calls.hpp"

#include <algorithm>

namespace taskactor::detail {

inbound_calls::inbound_calls(std::vector<access_rule> rights, inbound_windows& windows, node_ports& ports)
    : ports_(ports), windows_(windows), rights_(std::move(rights)) {}

bool inbound_calls::take(node_session& from, node_frames::call& what) {
  const bool needs_credit = !what.name.starts_with(own_task_prefix);
  if (numbers_.contains({from.id, what.key.number}) || (needs_credit && !windows_.arrived(from.id)))
    return false;
  const entry made{.session = from.id, .key = what.key, .use = {}, .has_credit = needs_credit};
  if (windows_.is_closed() && needs_credit) {
    end(made, {.how = inbound_result::kind::returned});
    return true;
  }
  auto right = rights_.enter(principal_of(from.peer.name), what.name);
  if (!right.refusal.empty()) {
    ++counts_.refused;
    end(made, {.how = inbound_result::kind::refused, .text = right.refusal, .why = refusal::not_permitted});
    return true;
  }
  const auto id = ++last_id_;
  auto& kept = calls_.emplace(id, made).first->second;
  kept.use = std::move(right.taken);
  numbers_.emplace(std::pair{from.id, what.key.number}, id);
  ++counts_.taken;
  ports_.begin({id, from.peer.name, std::move(what)});
  return true;
}

bool inbound_calls::take(node_session& from, node_frames::cancel& what) {
  const auto found = numbers_.find({from.id, what.key.number});
  if (found != numbers_.end() && calls_.at(found->second).key == what.key)
    ports_.stop(found->second);
  return true; // else it has crossed the answer
}

std::size_t inbound_calls::session_lost(session_id which) {
  std::size_t with_room = 0;
  for (auto& [id, call] : calls_)
    if (call.session == which) {
      numbers_.erase({which, call.key.number});
      call.session = 0;
      with_room += call.has_credit ? 1 : 0;
      ++counts_.orphaned;
      ports_.stop(id);
    }
  return with_room;
}

void inbound_calls::begun(inbound_id which) {
  if (const auto found = calls_.find(which); found != calls_.end())
    found->second.begun = true;
}

void inbound_calls::progressed(inbound_id which, std::uint64_t done, std::uint64_t total, std::string text) {
  if (const auto found = calls_.find(which); found != calls_.end() && found->second.session != 0)
    ports_.send(found->second.session,
                node_frames::progress{found->second.key, done, total, std::move(text)});
}

void inbound_calls::logged(inbound_id which, std::uint64_t level, std::string logger, std::string text) {
  if (const auto found = calls_.find(which); found != calls_.end() && found->second.session != 0)
    ports_.send(found->second.session,
                node_frames::log{found->second.key, level, std::move(logger), std::move(text)});
}

std::optional<inbound_calls::entry> inbound_calls::remove(inbound_id which) {
  auto found = calls_.extract(which);
  if (!found)
    return {};
  return std::move(found.mapped());
}

void inbound_calls::answer(const entry& which, const inbound_result& how) {
  rights_.leave(which.use);
  if (which.session == 0)
    return windows_.orphan_ended(which.has_credit);
  numbers_.erase({which.session, which.key.number});
  counts_.refused += how.how == inbound_result::kind::refused ? 1 : 0;
  end(which, how);
}

void inbound_calls::end(const entry& which, const inbound_result& how) {
  const bool is_free = which.has_credit && windows_.ended(which.session);
  send_answer(which, how);
  if (is_free)
    windows_.share_out();
}

void inbound_calls::send_answer(const entry& which, const inbound_result& how) {
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

void inbound_calls::hand_back() {
  for (const auto& [id, call] : calls_)
    if (!call.begun)
      ports_.hand_back(id);
}

std::vector<call_key> inbound_calls::newly_begun(session_id whose) {
  std::vector<call_key> keys;
  for (auto& [id, call] : calls_)
    if (call.session == whose && call.begun && !std::exchange(call.told, true))
      keys.push_back(call.key);
  return keys;
}

std::size_t inbound_calls::count(session_id whose) const {
  return static_cast<std::size_t>(std::count_if(
      calls_.begin(), calls_.end(), [&](const auto& each) { return each.second.session == whose; }));
}

void inbound_calls::tell(node_statistics& into) const {
  into.taken = counts_.taken;
  into.refused = counts_.refused;
  into.orphaned = counts_.orphaned;
  into.inbound = calls_.size();
}

} // namespace taskactor::detail
