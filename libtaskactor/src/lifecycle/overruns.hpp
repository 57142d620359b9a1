/// `overrun_counts`: how much work goes on after its task's outcome was given (rule 8). The manager counts;
/// any thread reads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

class overrun_counts {
public:
  /// The outcome is given, and the work goes on.
  void begin() noexcept {
    young_.fetch_add(1, std::memory_order_relaxed);
    now_.fetch_add(1, std::memory_order_relaxed);
  }
  /// It has outlived its kill, and counts.
  void left_behind() noexcept {
    ever_.fetch_add(1, std::memory_order_relaxed);
    young_.fetch_sub(1, std::memory_order_relaxed);
  }
  /// What was left behind runs no more.
  void end_left_behind() noexcept { now_.fetch_sub(1, std::memory_order_relaxed); }
  /// The same, of what wasn't. What was gone at once, as a parked body is, is forgotten.
  void end(std::chrono::nanoseconds since_outcome) noexcept {
    constexpr std::chrono::milliseconds at_once{50};
    now_.fetch_sub(1, std::memory_order_relaxed);
    if (since_outcome > at_once)
      ever_.fetch_add(1, std::memory_order_relaxed);
    young_.fetch_sub(1, std::memory_order_relaxed);
  }

  std::size_t now() const noexcept { return now_.load(); }
  std::uint64_t ever() const noexcept { return ever_.load() + young_.load(); }

private:
  std::atomic<std::size_t> now_{0};
  std::atomic<std::uint64_t> ever_{0}, young_{0}; // the latter aren't left behind yet, nor counted
};

} // namespace taskactor::detail
