/// The registered functions that a manager watches, so that those whose tasks overrun can move to workers
/// (`manager_options::isolate_after`): one entry for each that a task was added for without a runner.
#pragma once

#include "isolation.hpp"

#include <taskactor/observe/event.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace taskactor::detail {

class portable;

/// Threads: `in_workers` any, as the constant name; `note` the manager's.
class watched_function {
public:
  explicit watched_function(std::string name) : name_(std::move(name)) {}
  bool in_workers() const noexcept { return in_workers_.load(std::memory_order_relaxed); }
  /// What is to be told, if that moves it. `ran`: so long.
  std::optional<event> note(conduct how, bool ran_in_worker, const isolation_limits& limits,
                            std::chrono::nanoseconds ran);

private:
  const std::string name_;
  isolation rules_;
  std::atomic<bool> in_workers_{false};
};

/// Threads: any.
class watched_functions {
public:
  /// What was found stays.
  watched_function& of(const portable& function);

private:
  std::mutex mutex_;
  std::map<const portable*, std::unique_ptr<watched_function>> all_;
};

} // namespace taskactor::detail
