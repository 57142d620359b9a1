/// Who waits for a gather, and what is thrown to it. Not for users: see `gather_state.hpp`.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/ref.hpp>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

namespace taskactor::detail {

class waits;

/// A task, which is woken, or threads that block. Threads: any.
class gather_waiter {
public:
  /// It is this task that waits from now on; null: nobody.
  void wake_instead(context* task) noexcept;
  /// Blocks until `done()`, which `notify` makes it look at, or until then. Errors: those of `waits::block`.
  void block(waits& how, const std::function<bool()>& done, time_point until);
  void notify() noexcept;

  /// If it is the first.
  void keep_failure(const std::exception_ptr& what) noexcept;
  void rethrow_failure() const;

private:
  mutable std::mutex mutex_; // what follows
  std::condition_variable changed_;
  ref<context> task_;
  std::exception_ptr failure_;
};

} // namespace taskactor::detail
