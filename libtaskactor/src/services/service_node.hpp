/// One entry of the published tree of services, and what can be said of it. Threads: any; what is variable in
/// it is read and written under the registry's lock.
#pragma once

#include "services/stash.hpp"

#include <taskactor/actors/service_info.hpp>
#include <taskactor/detail/service_listener.hpp>

#include <caf/actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

struct service_node {
  // -- constant -------------------------------------------------------------
  std::string name, path;
  service_kind kind = service_kind::actor;
  restart_policy policy = restart_policy::permanent;
  taskactor::restart_strategy strategy = restart_strategy::one_for_one; // of a supervisor
  service_node* parent = nullptr;
  std::vector<std::unique_ptr<service_node>> children;

  // -- under the registry's lock --------------------------------------------
  service_state state = service_state::waiting;
  std::uint64_t starts = 0;
  std::string reason;
  time_point since{}, resume{};
  caf::strong_actor_ptr actor;         // while it runs
  caf::actor supervisor;               // of a supervisor, while there is one
  service_listener* waiting = nullptr; // for it to run
  service_listener* calling = nullptr; // for an answer of `actor`
  stash held;
  caf::strong_actor_ptr names[2]; // made when asked for, one for each `when_down`
};

/// Of what is constant, and so without the lock. Errors: `std::system_error{errc::unknown_service}`.
service_node& find_service(service_node& from, std::string_view path);

// -- under the registry's lock ----------------------------------------------
/// It isn't started again by itself.
inline bool is_over(const service_node& which) noexcept { return which.state == service_state::ended; }
/// What it is, instead of running.
rejection why_down(const service_node& which);
/// With all that is below it.
service_info info_of(const service_node& which, time_point now);
/// Adds up what is below it.
void count_children(const service_node& which, supervisor_statistics& into);

} // namespace taskactor::detail
