/// `disposal`: destroys what users have made, in place of a thread that everybody depends on.
///
///     what was refused                        on the caller's thread
///     what has run                            on the thread that ran it: the task's actor
///     what never ran, spare copies for        here: on a thread of its own, made when first needed
///       further attempts, an outcome that
///       nobody has a handle for
///
/// And it asks `retry_on` about an attempt that has no thread to ask on, and calls back whoever waits for a
/// task's stop token: these come first. One thing after the other, until
/// something takes long: then another thread goes on with the rest. Only what isn't `harmless`
/// comes here; a task that ends with its body and a handle never does. Throwing destructors are clean-up
/// faults. What hangs is left behind by `stop`, with the runtime that it may use. Threads: any.
#pragma once

#include "lifecycle/record_disposer.hpp"
#include "threads/disposal_queue.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/detail/record.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace taskactor::detail {

class disposal final : public pool_work, public record_disposer {
public:
  /// `system`: as for a pool.
  explicit disposal(caf::actor_system* system);

  void take(record& which, std::uint8_t parts) noexcept override;
  void take_all_of(record& last) noexcept override;
  void take(operation& last) noexcept;
  void take(std::exception_ptr what) noexcept;
  void call(std::string of, std::function<void()> what,
            std::function<void()> without_thread = {}) override; // NOLINT: the default
  /// False: `bound` was over first. Not waited for is what itself waits in a call of ours, in a test.
  bool wait_idle(std::chrono::nanoseconds bound);
  /// Whose things are queued or being destroyed.
  std::vector<std::string> busy_with() const;
  /// As a pool's. Returns how many threads are left behind.
  std::size_t stop(std::chrono::nanoseconds bound);

  /// In a test: what runs here and blocks in a call of ours isn't waited for.
  class blocked {
  public:
    blocked() noexcept;
    ~blocked();
    blocked(const blocked&) = delete;
    blocked& operator=(const blocked&) = delete;
  };

  // -- for its threads ------------------------------------------------------
  void run() override;
  void
      refuse(std::exception_ptr) noexcept override; // what nobody waits for stays queued, for the next thread
  void retain() noexcept override { references_.fetch_add(1); }
  void release() noexcept override {
    if (references_.fetch_sub(1) == 1)
      delete this;
  }

private:
  class turn;

  ~disposal() = default;
  void push(record& which, std::uint8_t parts) noexcept;
  void ask_for_thread() noexcept;
  bool idle() const noexcept;
  std::size_t held_up() const noexcept;
  void run_next(std::unique_lock<std::mutex>& lock);

  std::shared_ptr<thread_pool> pool_;
  std::atomic<std::uint32_t> references_{0};
  mutable std::mutex mutex_; // what follows
  std::condition_variable idle_, held_up_;
  disposal_queue queue_;
  turn* turns_ = nullptr;   // under way
  std::size_t threads_ = 0; // that are here, or on their way
  bool stands_by_ = false;  // one of them, until another one takes long
};

} // namespace taskactor::detail
