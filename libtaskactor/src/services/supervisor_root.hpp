/// What a root supervisor and those below it share: the manager that they live in, the published tree, and
/// what the threads that wait for it want to know.
#pragma once

#include "lifecycle/manager_core.hpp"
#include "services/service_registry.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

/// What a child that isn't a supervisor has to end by itself.
inline constexpr std::chrono::nanoseconds default_stop = std::chrono::seconds{5};

class supervisor_root {
public:
  /// Errors: as `supervisor`'s.
  static std::shared_ptr<supervisor_root> start(manager_core& home, supervisor_options options,
                                                std::vector<child_spec> children);
  supervisor_root(manager_core& home, const supervisor_options& options,
                  const std::vector<child_spec>& children);

  manager_core& home() noexcept { return home_; }
  const std::shared_ptr<service_registry>& registry() const noexcept { return registry_; }
  const caf::actor& actor() const noexcept { return actor_; }
  void report(event_kind kind, const service_node& which, const std::string& text = {},
              std::chrono::nanoseconds ran = {});

  // -- told by the root's actor ---------------------------------------------
  void started();
  void ended(std::string why);

  // -- from callers' threads ------------------------------------------------
  void wait_started();
  bool has_ended();
  std::string wait_end();
  /// The destructor's: asks it to stop, and waits for that in bounded time if this thread may.
  void end() noexcept;

private:
  bool ends_within(std::chrono::nanoseconds within);

  manager_core& home_;
  const std::chrono::nanoseconds stop_bound_; // beyond it something doesn't end by its kill either
  std::shared_ptr<service_registry> registry_;
  caf::actor actor_;
  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  bool started_ = false;
  std::optional<std::string> end_;
};

} // namespace taskactor::detail
