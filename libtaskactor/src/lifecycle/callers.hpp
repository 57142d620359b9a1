/// Threads that are in a call of a handle, and so in a runtime that they don't own: it isn't destroyed under
/// them.
///
/// Who enters holds something that keeps the runtime from being taken apart (see `record::enter_home`).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace taskactor::detail {

class callers {
public:
  void enter() noexcept {
    const std::lock_guard lock{mutex_};
    ++count_;
  }
  void leave() noexcept {
    const std::lock_guard lock{mutex_}; // told under it: afterwards this may be gone
    --count_;
    changed_.notify_all();
  }
  /// Until nobody is there, or `bound` is over. True: nobody is there.
  bool wait(std::chrono::nanoseconds bound) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, bound, [this] { return count_ == 0; });
  }

  /// One that has entered.
  class visit {
  public:
    explicit visit(callers& where) noexcept : where_(where) {}
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() { where_.leave(); }

  private:
    callers& where_;
  };

private:
  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

} // namespace taskactor::detail
