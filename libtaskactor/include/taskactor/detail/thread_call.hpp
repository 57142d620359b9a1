/// `detail::thread_call`: a call on its way to a thread, and on it. Not for users: see `run_in_thread`.
#pragma once

#include <taskactor/detail/limited_call.hpp>
#include <taskactor/detail/pool_work.hpp>
#include <taskactor/detail/thread_task_core.hpp>

#include <atomic>
#include <exception>

namespace taskactor::detail {

class thread_pool;

/// One call on its way; run by a worker of the pool.
class thread_call : public limited_call, public pool_work, public thread_task_core {
public:
  thread_call(context& owner, bool stoppable);
  void on_token() noexcept final;
  void on_token_back() noexcept final;
  /// On the worker's thread. Throws nothing, but may unwind that thread, which ends then: destructors see to
  /// what has to be done all the same.
  void run() final {
    const end_teller at_end{*this};
    call();
  }
  /// Makes the call, with `this_task` set. The same.
  void call();
  void tell_ended() noexcept { finish(); }
  /// There is no thread to run it on, or none that comes back.
  void refuse(std::exception_ptr why) noexcept final;
  void retain() noexcept final { limited_call::retain(); }
  void release() noexcept final { limited_call::release(); }
  context& works_for() noexcept { return owner(); }
  void request_stop() noexcept;
  void abandon() noexcept final { abandoned_.store(true, std::memory_order_release); }
  /// The body that has made it is over: it works for nobody.
  bool is_abandoned() const noexcept { return abandoned_.load(std::memory_order_acquire); }
  thread_pool& pool() const noexcept;
  std::exception_ptr error;

protected:
  virtual void invoke() = 0; // keeps the value, lets exceptions out

private:
  void destroy() noexcept final;
  struct end_teller {
    thread_call& of;
    ~end_teller() { of.tell_ended(); }
  };

  std::atomic<bool> abandoned_{false};
};

} // namespace taskactor::detail
