/// `detail::thread_call`: a call on its way to a thread, and on it. Not for users: see `run_in_thread`.
#pragma once

#include <taskactor/detail/limited_call.hpp>
#include <taskactor/detail/pool_work.hpp>

#include <atomic>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace taskactor::detail {

class thread_pool;

/// One call on its way; run by a worker of the pool. What it runs sees the task as it is where it was called:
/// asked to stop by a scope too, and with that scope's deadline.
class thread_call : public limited_call, public pool_work, public task_core {
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

  std::string current_id() const final { return task().current_id(); }
  time_point deadline() const noexcept final { return deadline_; }
  bool cancel_requested() const noexcept final { return asked_.load(std::memory_order_acquire); }
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) final {
    task().report_progress(done, total, std::move(text));
  }
  void report_cleanup_fault(const std::exception_ptr& what) noexcept final {
    task().report_cleanup_fault(what);
  }
  time_point now() const noexcept final { return task().now(); }
  std::size_t attempt() const noexcept final { return task().attempt(); }
  std::uint64_t fencing_token() const noexcept final { return task().fencing_token(); }
  void forbid_retry() noexcept final { task().forbid_retry(); }
  void give(stop_token_box& into) final;

protected:
  virtual void invoke() = 0; // keeps the value, lets exceptions out
  std::stop_token stop_token();

private:
  void destroy() noexcept final;
  struct end_teller {
    thread_call& of;
    ~end_teller() { of.tell_ended(); }
  };

  std::mutex stop_mutex_; // of the next
  std::stop_source stop_;
  std::atomic<bool> asked_{false}, abandoned_{false};
  const time_point deadline_;
};

} // namespace taskactor::detail
