/// What a call in a worker was last asked for, and the worker that is told.
///
/// Whoever asks first says what, and then looks for a worker; whoever gives the call to a worker says which
/// one, and then looks what was asked for. So nothing is lost between them, though it may be told twice.
/// Threads: any.
#pragma once

#include "base/adaptive_mutex.hpp"
#include "command/call_wait.hpp"
#include "worker/worker_dispatcher.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace taskactor::detail {

class call_control {
public:
  void ask(int number) noexcept { asked_.store(number, std::memory_order_seq_cst); }
  /// The last that it was asked for: a signal's number, or `asks`; zero: nothing.
  int asked() const noexcept { return asked_.load(std::memory_order_seq_cst); }
  /// The same, of now or of a moment ago.
  bool was_asked() const noexcept { return asked_.load(std::memory_order_relaxed) != 0; }

  void set_executor(std::shared_ptr<call_executor> whom) noexcept {
    const std::lock_guard lock{mutex_};
    executor_ = std::move(whom);
  }
  /// The two that follow: it has, or had, a worker.
  void pass_on(const process_call& call, int number) noexcept {
    const auto whom = executor();
    if (number == asks)
      whom->stop(call);
    else
      whom->signal(call, number);
  }
  /// To its body.
  void tell(std::string frame) noexcept { executor()->tell(std::move(frame)); }

private:
  std::shared_ptr<call_executor> executor() noexcept {
    const std::lock_guard lock{mutex_};
    return executor_;
  }

  std::atomic<int> asked_{0};
  adaptive_mutex mutex_; // of the next
  std::shared_ptr<call_executor> executor_;
};

} // namespace taskactor::detail
