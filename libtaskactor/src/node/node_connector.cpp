#include "node/node_connector.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

node_connector::node_connector(const node_times& times, std::uint64_t seed, session_table& sessions,
                               node_ports& ports)
    : times_(times), random_(seed), sessions_(sessions), ports_(ports) {}

void node_connector::add(const std::string& address, node_time now) {
  if (const auto [at, is_new] = addresses_.try_emplace(address); is_new)
    at->second.next = now;
}

std::optional<session_id> node_connector::remove(const std::string& address) {
  const auto found = addresses_.extract(address);
  return found ? std::optional{found.mapped().current} : std::nullopt;
}

void node_connector::dial_due(node_time now) {
  if (stopped_)
    return;
  for (auto& [text, address] : addresses_) {
    if (address.current != 0 || now < address.next)
      continue;
    address.current = sessions_.add(text, text, now).id;
    ports_.dial(address.current, text);
  }
}

void node_connector::failed(const std::string& address, const std::string& why, node_time now) {
  const auto found = addresses_.find(address);
  if (found == addresses_.end())
    return;
  constexpr double whole = 1.0;
  found->second.current = 0;
  found->second.reason = why;
  found->second.next
      = now + found->second.pause.failed(times_, std::uniform_real_distribution<double>{0, whole}(random_));
}

void node_connector::succeeded(const std::string& address) {
  if (const auto found = addresses_.find(address); found != addresses_.end()) {
    found->second.pause.succeeded();
    found->second.has_answered = true;
  }
}

void node_connector::answered(const std::string& address) {
  if (const auto found = addresses_.find(address); found != addresses_.end())
    found->second.has_answered = true;
}

void node_connector::hurry(node_time now) {
  for (auto& [text, address] : addresses_)
    if (address.current == 0 && address.pause.failures() != 0)
      address.next = std::min(address.next, now + times_.first_pause);
}

bool node_connector::is_first_failure(const std::string& address) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() || found->second.pause.failures() == 0;
}

bool node_connector::has_silent() const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [](const auto& each) { return !each.second.has_answered; });
}

} // namespace taskactor::detail
