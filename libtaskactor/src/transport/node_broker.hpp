/// The broker of one link between nodes: it maps CAF's messages to `link_session`, and has its `link_socket`.
#pragma once

#include "transport/accept_filter.hpp"
#include "transport/link_dial.hpp"
#include "transport/node_brokers.hpp"
#include "transport/node_link.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <string>
#include <utility>

namespace taskactor::detail {

/// What a broker is given.
struct broker_plan {
  std::shared_ptr<node_link> owner;
  std::shared_ptr<node_link_listener> listener; // of who has called
  std::shared_ptr<accept_filter> filter;        // of who was called
  std::shared_ptr<link_dial> dial;              // of who calls
  std::shared_ptr<node_brokers> brokers;
  link_bounds bounds;
};

/// It waits for `socket_dialed`. Errors: `std::bad_alloc`.
caf::actor spawn_node_broker(caf::actor_system& system, broker_plan plan);

/// What of a `node_link` is the broker's.
struct node_link_access {
  static std::shared_ptr<node_link> make(const link_bounds& bounds);
  static void begin(node_link& which, const caf::actor& broker);
  /// It is up: from now on whoever sends may do so on his own thread.
  static void open(node_link& which, unique_fd direct, link_session& session);
  /// For what a session does with TLS.
  static std::mutex& wire(node_link& which);
  /// Under `wire`: what the socket has left of a frame that it was given: before `take`.
  static std::string take_spilled(node_link& which);
  /// Under `wire`: what is to be sent, if there is something.
  static std::string take(node_link& which);
  /// Under `wire`: how much of it the socket has taken, or lost.
  static std::size_t write(const node_link& which, std::string_view bytes) noexcept;
  /// Under `wire`: so much is with the broker now, all in all.
  static void hand(node_link& which, std::size_t bytes) noexcept { which.handed_ = bytes; }
  /// Under `wire`: the same. True: the link has drained.
  static bool has_drained(node_link& which, std::size_t handed);
  static void end(node_link& which);

  /// While it is there, the link's broker is in a handler, behind which it looks for what is to be sent.
  class from_within {
  public:
    explicit from_within(const node_link* which) noexcept : before_(std::exchange(now_, which)) {}
    from_within(const from_within&) = delete;
    from_within& operator=(const from_within&) = delete;
    ~from_within() { now_ = before_; }
    static bool is(const node_link& which) noexcept { return now_ == &which; }

  private:
    static thread_local const node_link* now_;
    const node_link* const before_;
  };
};

} // namespace taskactor::detail
