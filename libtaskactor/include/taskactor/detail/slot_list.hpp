/// The slots that a gather has now. Not for users: see `gather_state.hpp`.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class gather_slot;

/// Threads: any. The manager is told nothing under its lock.
class slot_list {
public:
  /// Adds what `make(slots, idle)` gives, if it gives one: it is called under the lock, with how many slots
  /// there are, and how many of them haven't started.
  template <class Make>
  ref<gather_slot> add(Make&& make) {
    const std::lock_guard lock{mutex_};
    auto added = make(slots_.size(), idle_locked());
    if (added)
      slots_.push_back(added);
    return added;
  }
  /// It runs, on a thread of its actor.
  void started() noexcept { running_.fetch_add(1, std::memory_order_relaxed); }
  /// True: none is left.
  bool remove(const ref<gather_slot>& which, bool had_started) noexcept;

  /// Those that haven't started: they wait for a token.
  std::size_t idle() const noexcept;
  bool empty() const noexcept;
  std::vector<ref<gather_slot>> all() const;
  /// What runs that item now, or null.
  ref<gather_slot> find(std::size_t index) const;

private:
  std::size_t idle_locked() const noexcept {
    return slots_.size() - std::min(slots_.size(), running_.load(std::memory_order_relaxed));
  }

  mutable std::mutex mutex_; // what follows
  std::vector<ref<gather_slot>> slots_;
  std::atomic<std::size_t> running_{0}; // not under the lock
};

} // namespace taskactor::detail
