#include "transport/accept_filter.hpp"

#include <algorithm>
#include <numeric>

namespace taskactor::detail {

std::uint64_t refusal_counts::total() const {
  return std::accumulate(of.begin(), of.end(), std::uint64_t{0});
}

bool accept_filter::come(const link_peer& who) {
  std::unique_lock lock{mutex_};
  if (connections_ < bounds_.connections) {
    ++connections_;
    return true;
  }
  lock.unlock();
  refused(who, {link_end::many_connections, "there are " + std::to_string(bounds_.connections)
                                                + " connections, as many as there may be"});
  return false;
}

void accept_filter::begin(caf::actor_id broker) {
  std::unique_lock lock{mutex_};
  greeting_.push_back(broker);
  if (greeting_.size() <= bounds_.handshakes)
    return;
  const auto oldest = greeting_.front();
  greeting_.pop_front();
  lock.unlock();
  brokers_->tell(oldest, {link_end::many_handshakes,
                          "more than " + std::to_string(bounds_.handshakes)
                              + " connections have not greeted yet, and this was the oldest"});
}

void accept_filter::greeted(caf::actor_id broker) {
  const std::lock_guard lock{mutex_};
  std::erase(greeting_, broker);
}

void accept_filter::gone(caf::actor_id broker) {
  const std::lock_guard lock{mutex_};
  std::erase(greeting_, broker);
  --connections_;
}

namespace {

/// Without the port, which differs each time.
std::string host_of(const std::string& address) {
  return address.starts_with("unix:") ? address : address.substr(0, address.rfind(':'));
}

} // namespace

void accept_filter::refused(const link_peer& who, const link_reason& why) {
  {
    const std::lock_guard lock{mutex_};
    ++counts_.of[static_cast<std::size_t>(why.what)];
    if (told_.size() >= most_known)
      told_.clear();
    if (!told_.emplace(who.name + '@' + host_of(who.address), why.what).second)
      return;
  }
  acceptor_->on_refused(who, why);
}

refusal_counts accept_filter::counts() const {
  const std::lock_guard lock{mutex_};
  return counts_;
}

std::size_t accept_filter::connections() const {
  const std::lock_guard lock{mutex_};
  return connections_;
}

std::size_t accept_filter::handshakes() const {
  const std::lock_guard lock{mutex_};
  return greeting_.size();
}

} // namespace taskactor::detail
