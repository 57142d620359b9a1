/// `schedule_word`: where an actor without a mailbox stands with the scheduler, and whether it was woken
/// meanwhile. Lock-free; no actor in it.
///
///     running --parks--> parked --wake--> queued --scheduler--> running        running --wake--> noted
///        \--body ends--> down                                   noted: looks again instead of parking
///
/// A wake means "look again": a spurious one is harmless. What is to be looked at is written before it.
///
/// A wake, and the step to "running", are always a read-modify-write, also where the word stays as it is: by
/// a mere load a processor could read "it will look" before the other one, which is just looking, sees what
/// was written.
#pragma once

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

class schedule_word {
public:
  /// The last step of its actor's constructor: for who takes that from a queue of any kind.
  void queue_first() noexcept { word_.store(word::queued, std::memory_order_release); }

  /// Threads: any. True: it was parked, and the caller is to queue it.
  [[nodiscard]] bool wake() noexcept {
    auto now = word_.load(std::memory_order_acquire);
    auto next = now;
    do {
      if (now == word::down)
        return false;
      next = now == word::parked ? word::queued : now == word::running ? word::noted : now;
    } while (!word_.compare_exchange_weak(now, next, std::memory_order_acq_rel));
    return now == word::parked;
  }

  // -- the thread that runs it, until it has parked, queued or ended it -----
  /// Sees what was written before it was queued.
  void take() const noexcept { static_cast<void>(word_.load(std::memory_order_acquire)); }
  /// It looks: at what was written before each wake so far.
  void run() noexcept { word_.exchange(word::running, std::memory_order_acq_rel); }
  /// False: it was woken meanwhile, and is to look again.
  [[nodiscard]] bool park() noexcept {
    auto expected = word::running;
    return word_.compare_exchange_strong(expected, word::parked, std::memory_order_acq_rel);
  }
  /// It is about to go to the end of the queue.
  void queue() noexcept { word_.exchange(word::queued, std::memory_order_acq_rel); }
  /// It runs no more, and nothing wakes it.
  void end() noexcept { word_.store(word::down, std::memory_order_release); }

private:
  enum class word : std::uint8_t { queued, running, noted, parked, down };
  std::atomic<word> word_{word::queued};
};

} // namespace taskactor::detail
