/// Whether a gather has come to its `gather_options::until`. Not for users: see `gather_state.hpp`.
#pragma once

#include <taskactor/gather_options.hpp>
#include <taskactor/outcome.hpp>

#include <atomic>
#include <cstddef>

namespace taskactor::detail {

/// Counts what the items have come to, if something depends on it. Threads: any.
class stop_condition {
public:
  explicit stop_condition(const gather_end& until) noexcept : until_(until) {}

  /// An item has ended, with that failure or null. True: that is enough; also of each that ends later.
  bool count(const failure* what) noexcept {
    if (!until_.counts())
      return false;
    if (!what)
      completed_.fetch_add(1, std::memory_order_relaxed);
    else if (what->state() != state::cancelled)
      failed_.fetch_add(1, std::memory_order_relaxed);
    return until_.reached(completed_.load(std::memory_order_relaxed),
                          failed_.load(std::memory_order_relaxed));
  }

private:
  const gather_end until_;
  std::atomic<std::size_t> completed_{0}, failed_{0};
};

} // namespace taskactor::detail
