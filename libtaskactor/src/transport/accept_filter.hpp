/// `accept_filter`: who has come in by one listening, and who hasn't, and why.
///
/// Threads: any.
#pragma once

#include "transport/node_brokers.hpp"
#include "transport/node_link.hpp"

#include <deque>
#include <set>
#include <utility>

namespace taskactor::detail {

class accept_filter {
public:
  accept_filter(const link_bounds& bounds, std::shared_ptr<node_link_acceptor> acceptor,
                std::shared_ptr<node_brokers> brokers)
      : bounds_(bounds), acceptor_(std::move(acceptor)), brokers_(std::move(brokers)) {}

  const link_bounds& bounds() const noexcept { return bounds_; }
  node_link_acceptor& acceptor() noexcept { return *acceptor_; }

  /// One more has called. False: there are enough; it has been counted as refused.
  bool come(const link_peer& who);
  /// It has a broker. If too many haven't greeted, the oldest of them is given up.
  void begin(caf::actor_id broker);
  /// It has greeted, or was refused.
  void greeted(caf::actor_id broker);
  /// Its socket is closed.
  void gone(caf::actor_id broker);
  void refused(const link_peer& who, const link_reason& why);

  refusal_counts counts() const;
  std::size_t connections() const;
  std::size_t handshakes() const;

private:
  /// Of so many peers it is known that they have been told of; then it begins anew.
  static constexpr std::size_t most_known = 1024;

  const link_bounds bounds_;
  const std::shared_ptr<node_link_acceptor> acceptor_;
  const std::shared_ptr<node_brokers> brokers_;
  mutable std::mutex mutex_; // what follows
  std::size_t connections_ = 0;
  std::deque<caf::actor_id> greeting_; // the oldest first
  refusal_counts counts_;
  std::set<std::pair<std::string, link_end>> told_;
};

} // namespace taskactor::detail
