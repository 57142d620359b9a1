/// Who supervises whom, and how each is: a copy of the facts at one moment, as data, as text, and as JSON.
///
///     std::cout << to_text(services.tree());
///     // shop: supervisor, one_for_one: running for 5 s
///     //   cache: actor, permanent: running for 1 s; 2 restarts, the last: runtime_error
///     //   poller: task, transient: ended: completed
#pragma once

#include <taskactor/actors/service_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor {

enum class service_kind : std::uint8_t { actor, task, supervisor };

enum class service_state : std::uint8_t {
  waiting,  ///< for its turn to be started, or for the end of its back-off
  starting, ///< it hasn't said yet that it is ready
  running,
  stopping, ///< asked to end, or killed, and still there
  ended,    ///< and not to be started again
};

std::string_view to_string(service_kind kind) noexcept;
std::string_view to_string(service_state state) noexcept;

struct service_info {
  std::string name{};
  service_kind kind = service_kind::actor;
  service_state state = service_state::waiting;
  /// Of a child.
  taskactor::restart_policy restart = restart_policy::permanent;
  /// Of a supervisor.
  taskactor::restart_strategy strategy = restart_strategy::one_for_one;
  /// How often it was started again.
  std::uint64_t restarts = 0;
  /// How the run before this one ended, or the last one; empty before that.
  std::string last_reason{};
  /// Since when it is in this state, on the actor system's steady clock, and for how long.
  std::chrono::steady_clock::time_point since{};
  std::chrono::nanoseconds lasts{};
  /// While it waits for the end of its back-off: how much longer.
  std::optional<std::chrono::nanoseconds> starts_in{};
  /// Of a supervisor, in the order of their start.
  std::vector<service_info> children{};
};

/// A line for each, children below their supervisor and two columns to the right.
std::string to_text(const service_info& tree);
/// An object with an array "children"; durations are in seconds.
std::string to_json(const service_info& tree);

/// Of a supervisor and all below it, since its start, where nothing else is said.
struct supervisor_statistics {
  std::size_t children = 0, running = 0; ///< now, nested supervisors included
  std::uint64_t starts = 0;              ///< that came so far as to run
  std::uint64_t failures = 0;            ///< ends that were none of the orderly ones, and failed starts
  std::uint64_t restarts = 0;            ///< decided; those taken along by a sibling's aren't counted
  std::uint64_t gave_up = 0;             ///< supervisors that met their limit, or couldn't start
  std::size_t left_behind = 0;           ///< now: what has outlived its kill
  std::size_t held_messages = 0;         ///< now: sent through names that are down
};

} // namespace taskactor
