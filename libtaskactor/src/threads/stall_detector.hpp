/// The watch over scheduler threads that a body holds too long: it names the body while it still does.
///
///     worker:  enters a turn in its thread's slot --- the body runs --- leaves     (two stores, one CAS)
///     watch:   looks at all slots every half bound: the same turn as a bound ago?  pin it, report it, unpin
///
/// A slot says which record its thread works for, and counts turns. The watch reads a record only while its
/// turn is pinned, which keeps the worker from leaving it, and for as long as it takes to copy a reference.
///
/// With nothing to watch the watch sleeps; a worker that enters then wakes it. It goes by real time, whatever
/// the clock of the actor system: it is off in virtual time. Time in which the kernel let other threads run
/// instead is no fault of the body's, and doesn't count.
#pragma once

#include <taskactor/detail/record.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace taskactor::detail {

/// What one thread is busy with.
class thread_slot {
public:
  /// The calling thread's; made and enlisted when it first asks.
  static thread_slot& mine();

  thread_slot();
  thread_slot(const thread_slot&) = delete;
  thread_slot& operator=(const thread_slot&) = delete;
  ~thread_slot();

  /// A body's turn begins, on the slot's own thread. Returns what `leave` goes back to.
  const record* enter(const record* task) noexcept {
    const auto before = task_.load(std::memory_order_relaxed) & ~pinned;
    next();
    if (before == 0) // there is nothing to pin
      task_.store(address_of(task), std::memory_order_release);
    else
      replace(before, address_of(task));
    return reinterpret_cast<const record*>(
        before); // NOLINT(performance-no-int-to-ptr): it has a bit for the pin
  }
  /// The same record goes on with another body.
  void next() noexcept { turn_.store(turn_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  void leave(const record* before) noexcept {
    next();
    replace(task_.load(std::memory_order_relaxed) & ~pinned, address_of(before));
  }

private:
  friend class stall_detector;
  static constexpr std::uintptr_t pinned = 1;

  static std::uintptr_t address_of(const record* task) noexcept {
    return reinterpret_cast<std::uintptr_t>(task);
  }
  /// Waits out a pin.
  void replace(std::uintptr_t from, std::uintptr_t to) noexcept {
    for (auto expected = from; !task_.compare_exchange_weak(expected, to, std::memory_order_acq_rel);
         expected = from)
      std::this_thread::yield();
  }

  const pid_t thread_;
  std::atomic<std::uintptr_t> task_{0};
  std::atomic<std::uint64_t> turn_{0};
};

/// What the kernel says of a thread's life so far (`schedstat` and `stat` of proc(5)).
struct thread_times {
  std::chrono::nanoseconds ran{};
  std::chrono::nanoseconds waited{}; // for a processor; without the wait that it may be in
  bool runnable = false;             // it runs, or waits for a processor
};
/// Of a thread of this process; nothing where the kernel doesn't say it.
std::optional<thread_times> times_of(pid_t thread) noexcept;

/// A body holds its thread for longer than the bound.
struct blocked_turn {
  ref<record> task;
  std::string id; // of the item, for a slot
  std::chrono::nanoseconds held;
};

class stall_detector {
public:
  using reader = std::optional<thread_times> (*)(pid_t thread) noexcept;

  /// Of the bodies of one manager.
  stall_detector(const manager_core& home, std::chrono::nanoseconds bound, reader times = times_of)
      : home_(home), bound_(bound), times_of_(times) {}

  /// Threads: any. Something begins to run.
  void wake_if_asleep() noexcept {
    if (asleep_.load(std::memory_order_relaxed))
      wake();
  }
  bool asleep() const noexcept { return asleep_.load(std::memory_order_relaxed); }
  /// What has come to hold its thread for the bound, as of `now`; each turn once.
  std::vector<blocked_turn> scan(time_point now);
  /// The watching thread's whole life.
  void serve(const std::function<void(const blocked_turn&)>& report);
  /// False: its thread didn't end within `bound`.
  bool stop(std::chrono::nanoseconds bound);

  struct counts {
    std::size_t now = 0;
    std::uint64_t ever = 0;
    std::chrono::nanoseconds longest{};
  };
  counts statistics() const;

private:
  /// What the last scan has found in a slot.
  struct stall_sample {
    const thread_slot* slot;
    std::uint64_t turn;
    time_point since; // when this turn was first seen
    std::optional<thread_times> begun{}, last{};
    bool judged = false;  // it is known to be too long
    bool counted = false; // and of this manager
    bool met = true;      // in the present scan
  };
  void look_at(thread_slot& slot, time_point now, std::vector<blocked_turn>& found);
  void judge(thread_slot& slot, stall_sample& what, std::chrono::nanoseconds held,
             std::vector<blocked_turn>& found);
  void wake() noexcept;

  const manager_core& home_;
  const std::chrono::nanoseconds bound_;
  const reader times_of_;
  std::atomic<bool> asleep_{false};
  mutable std::mutex mutex_; // what follows
  std::condition_variable changed_;
  std::vector<stall_sample> samples_;
  counts counts_;
  bool busy_ = false; // something runs, or has run since the scan before
  bool stopping_ = false;
  bool serving_ = false;
};

/// Shows a body's turn to the watch, for a stretch of code on a thread of the scheduler. Null `watch`: nobody
/// looks.
class watched_turn {
public:
  watched_turn(stall_detector* watch, const record& task) : slot_(watch ? &thread_slot::mine() : nullptr) {
    if (!slot_)
      return;
    before_ = slot_->enter(&task);
    watch->wake_if_asleep();
  }
  watched_turn(const watched_turn&) = delete;
  watched_turn& operator=(const watched_turn&) = delete;
  ~watched_turn() {
    if (slot_)
      slot_->leave(before_);
  }
  void next() const noexcept {
    if (slot_)
      slot_->next();
  }

private:
  thread_slot* slot_;
  const record* before_ = nullptr;
};

} // namespace taskactor::detail
