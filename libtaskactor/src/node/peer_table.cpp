#include "node/peer_table.hpp"

#include <algorithm>
#include <iterator>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_known = 1024;

} // namespace

bool fits(const placement& where, std::string_view name, const std::vector<std::string>& labels) {
  switch (where.how()) {
  case placement::kind::name:
    return name == where.which();
  case placement::kind::label:
    return std::find(labels.begin(), labels.end(), where.which()) != labels.end();
  default:
    return true;
  }
}

session_id peer_table::session_of(const std::string& name) const {
  const auto found = peers_.find(name);
  return found == peers_.end() ? 0 : found->second.session;
}

std::optional<present_session> peer_table::present(const std::string& name) const {
  const auto found = peers_.find(name);
  if (found == peers_.end() || found->second.session == 0)
    return {};
  return present_session{found->second.uuid, found->second.incarnation};
}

bool peer_table::any_fits(const placement& where) const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [&](const auto& each) { return fits(where, each.first, each.second.labels); });
}

void peer_table::up(const node_session& now_there) {
  const auto& peer = now_there.peer;
  peers_[peer.name] = {peer.uuid, peer.incarnation, peer.labels, now_there.id, now_there.address, {}};
}

void peer_table::down(const std::string& name, const std::string& why) {
  auto& peer = peers_[name];
  peer.session = 0;
  peer.reason = why;
  for (auto at = peers_.begin(); at != peers_.end() && peers_.size() > most_known;)
    at = at->second.session == 0 ? peers_.erase(at) : std::next(at);
}

void peer_table::forget(const std::string& name) {
  if (const auto found = peers_.find(name); found != peers_.end() && found->second.session == 0)
    peers_.erase(found);
}

} // namespace taskactor::detail
