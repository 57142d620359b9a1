/// How a supervisor keeps its children running: what a restart takes with it, who is restarted, how often,
/// and how long starting and stopping may take.
///
///     strategy         a child that has to be restarted takes with it
///     one_for_one      nobody
///     one_for_all      all of its siblings
///     rest_for_one     those that were started after it
///
/// Written after what Erlang/OTP documents of its supervisors. It differs where it says so.
///
/// Errors: options are checked once, when the supervisor is made: `std::system_error{errc::invalid_argument}`
/// names the field. Units: `std::chrono`; negative durations are refused.
#pragma once

#include <taskactor/backoff.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/field.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor {

/// Whom a restart takes with it. They are stopped in reverse order, and started again in order.
enum class restart_strategy : std::uint8_t { one_for_one, one_for_all, rest_for_one };

/// Whether a child is started again when it ends by itself.
enum class restart_policy : std::uint8_t {
  permanent, ///< always
  transient, ///< unless it ended as it should: normally, or by being asked to (for a task: cancelled)
  temporary, ///< never, nor when a sibling's restart has taken it down
};

std::string_view to_string(restart_strategy how) noexcept;
std::string_view to_string(restart_policy policy) noexcept;

/// With more restarts than these the supervisor gives up: it stops all children, and ends. One that takes
/// siblings with it counts once; so does a failed start of what is being restarted.
struct restart_limit {
  /// Zero: the first one is too much.
  std::size_t count = 1;
  /// In a window of this length; zero is refused.
  time_span within = std::chrono::seconds{5};
};

struct child_options {
  /// Unique below its supervisor; without '/', which is between the names of a path. Must be given.
  field<std::string> name{};
  taskactor::restart_policy restart = restart_policy::permanent;
  /// The child says `service_start::ready` within this time; else it is stopped, and hasn't started. Unset:
  /// it runs as soon as it exists. Of a supervisor: it always says so, when its own children run; unset: it
  /// may take its time.
  std::optional<time_span> ready_within{};
  /// From the request to end to the kill. Zero: killed at once; `no_timeout`: for as long as it takes. Unset:
  /// 5 s, and for a supervisor as long as it takes.
  std::optional<time_span> stop_within{};
  /// The waits before restarts. Unset: the first one is none; of one that is given it is 1 s, unless it says
  /// otherwise. OTP has none at all: there a child that can't live uses up the limit at once.
  taskactor::backoff backoff{.first = std::chrono::nanoseconds{0}};
  /// After a run of this length the next wait is the first one again.
  time_span backoff_reset_after = std::chrono::minutes{1};
};

struct supervisor_options {
  /// What the paths of its events begin with: "shop/cache".
  field<std::string> name = std::string{"services"};
  taskactor::restart_strategy strategy = restart_strategy::one_for_one;
  restart_limit limit{};
};

/// What an actor sends through a name that is down. What is held back is sent when the service runs again.
enum class when_down : std::uint8_t {
  wait, ///< is held back; a task's call waits, for at most its timeout
  fail, ///< is answered at once by `errc::service_down`
};

namespace detail {
std::optional<rejection> validate(const supervisor_options& options);
std::optional<rejection> validate(const child_options& options);
/// Of a task that is a child.
std::optional<rejection> validate_supervised(const task_options& options);
} // namespace detail

} // namespace taskactor
