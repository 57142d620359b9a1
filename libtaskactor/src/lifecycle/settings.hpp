/// `settings`: what a manager goes by.
#pragma once

#include <taskactor/manager_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace taskactor::detail {

/// The options with all that was unset filled in from the environment and the defaults.
struct settings {
  std::size_t capacity, thread_capacity, process_capacity, max_queue;
  std::chrono::nanoseconds default_timeout, cancel_grace, priority_aging, blocked_after;
  history_options history;
  worker_options workers;
  std::optional<taskactor::log_level> log_level; // none: the logger's own
};
/// Errors: `std::system_error{errc::invalid_argument}`, naming the field or the variable.
settings resolve(const manager_options& options, std::size_t processors);

} // namespace taskactor::detail
