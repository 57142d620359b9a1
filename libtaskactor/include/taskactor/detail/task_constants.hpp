/// `detail::task_constants`: what is known of a task when it is admitted, and doesn't change any more. Not
/// for users.
///
/// Threads: whoever admits it writes; from then on any thread may read.
#pragma once

#include <taskactor/detail/phase.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace taskactor::detail {

class manager_core;
struct task_extras;

class task_constants {
public:
  std::string id;
  manager_core* home = nullptr;
  std::chrono::nanoseconds timeout = no_timeout;
  std::chrono::nanoseconds queue_timeout = no_timeout;
  std::chrono::nanoseconds total_timeout = no_timeout;
  time_point submitted{};
  std::size_t id_hash = 0;
  std::uint64_t sequence = 0; // in the order of admission
  record_kind kind = record_kind::task;
  std::uint8_t priority = default_priority;
  bool runs_anywhere = false;      // its body runs nobody's code: see threads/caller_runs.hpp
  std::uint8_t depth = 0;          // how many tasks it is in; in one, it is ahead of what waits at top level
  std::uint32_t parent_length = 0; // the part of `id` that is the parent's, for a child
  time_point inherited_deadline = time_point::max(); // of where in the parent's body it was started
  std::unique_ptr<detail::task_extras> extras;       // what few tasks have

  /// The depth of what it starts in itself; far down it no longer grows.
  std::uint8_t depth_inside() const noexcept {
    return static_cast<std::uint8_t>(depth == 255 ? 255 : depth + 1);
  }

protected:
  task_constants() = default;
  ~task_constants() = default; // where `task_extras` is known
};

} // namespace taskactor::detail
