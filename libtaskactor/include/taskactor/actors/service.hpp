/// `service`: a name, not an address: what it stands for may have been restarted since it was asked for.
///
///     auto cache = services.whereis("cache");                    // or start.whereis("cache") in a sibling
///     const get question{key};          // not made in the await, by g++ 12: see actors/request.hpp
///     const int n = co_await ta::request<int>(cache, 2s, question);            // from a task
///     self->request(cache.actor(), 2s, question).then(...);                    // from a CAF actor
///
/// While the service doesn't run (it is started, restarted, backs off, stops), a call waits, for at most its
/// timeout; or fails at once with `errc::service_down`, with `when_down::fail`. When the service won't run
/// any more, each call does. A task's call that the service had taken up when it ended, fails
/// (`request_error`): it isn't made twice; one that it hadn't waits for the next run. (A CAF actor's is
/// answered as CAF does it: by an error if it wasn't taken up, and not at all if it was put off.)
///
/// Threads: any. A `service` may outlive its supervisor, not the actor system.
#pragma once

#include <taskactor/actors/service_info.hpp>

#include <caf/fwd.hpp>

#include <memory>
#include <string>
#include <utility>

namespace taskactor {

namespace detail {
class service_registry;
struct service_node;
} // namespace detail

class service {
public:
  /// For the runtime.
  service(std::shared_ptr<detail::service_registry> registry, detail::service_node& which,
          when_down how) noexcept
      : registry_(std::move(registry)), node_(&which), how_(how) {}

  /// From its root supervisor on: "services/cache".
  const std::string& path() const noexcept;
  service_state state() const { return info().state; }
  service_info info() const;

  /// The name as an actor: hands on all that it is sent, requests, exit messages and all, to the actor that
  /// runs now. What comes while none does is held back in order, at most 1024 messages; requests beyond that
  /// are answered by `errc::service_down` (see `msg::why`), other messages are dropped. What is held back for
  /// one who waits no longer is delivered all the same. It is down when the root supervisor has ended.
  /// Errors: `errc::invalid_argument` for a service that isn't an actor.
  caf::actor actor() const;

  // -- for the runtime ------------------------------------------------------
  detail::service_registry& services() const noexcept { return *registry_; }
  detail::service_node& node() const noexcept { return *node_; }
  when_down mode() const noexcept { return how_; }

private:
  std::shared_ptr<detail::service_registry> registry_;
  detail::service_node* node_;
  when_down how_;
};

} // namespace taskactor
