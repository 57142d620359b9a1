/// `spin_then_park`: stays awake for a moment before a thread goes to sleep for what may come at once.
///
/// A processor that has gone to rest takes 5 to 40 us to wake, of the 100 or so that a call to another
/// process or node takes. So who waits for one keeps his processor awake for that long, and gives it to
/// whoever else wants it. When it has been in vain, it is tried less and less often: at worst every 64th
/// time.
///
/// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace taskactor::detail {

template <class Clock>
class basic_spin_then_park {
public:
  static constexpr std::chrono::microseconds bound{200};

  explicit basic_spin_then_park(std::size_t processors = std::thread::hardware_concurrency()) noexcept
      : processors_(processors) {}

  /// True: `done()`. False: go to sleep, since it was too long, `tasks()` could do with all processors, or it
  /// hasn't paid lately.
  template <class Done, class Tasks>
  bool run(Done done, Tasks tasks) noexcept {
    if (done())
      return true;
    if (!is_tried() || tasks() >= processors_)
      return false;
    const auto end = Clock::now() + bound;
    do {
      for (int looks = 0; looks < looks_between_clocks; ++looks, relax())
        if (done()) {
          misses_.store(0, std::memory_order_relaxed);
          return true;
        }
      if (tasks() >= processors_)
        return false;            // what it would have come to isn't known
      std::this_thread::yield(); // who is to answer may have to run on this processor
    } while (Clock::now() < end);
    if (const auto misses = misses_.load(std::memory_order_relaxed); misses < most_misses)
      misses_.store(misses + 1, std::memory_order_relaxed);
    return false;
  }

private:
  static constexpr int looks_between_clocks = 16;
  static constexpr std::uint32_t most_misses = 6;

  bool is_tried() noexcept {
    const auto every = std::uint32_t{1} << misses_.load(std::memory_order_relaxed);
    return processors_ > 1 && waits_.fetch_add(1, std::memory_order_relaxed) % every == 0;
  }
  static void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  const std::size_t processors_;
  std::atomic<std::uint32_t> misses_{0}; // in a row; of two that are noted at once one may be lost
  std::atomic<std::uint32_t> waits_{0};
};

using spin_then_park = basic_spin_then_park<std::chrono::steady_clock>;

} // namespace taskactor::detail
