/// `handle<T>`: the submitter's view of one task.
///
///     auto h = tasks.add_task({.id = "front"}, fetch, url).value();
///     h.get();                 // blocks; the value, or throws the body's exception or `task_error`
///     co_await h;              // the same inside a task, which gives its token back while it waits (rule 6)
///
/// Dropping a handle does nothing to the task. Handles are copies of one view; each may be used from any
/// thread, one thread per copy at a time.
///
/// Errors: the blocking calls throw `errc::would_block` inside a coroutine body: they would hold a scheduler
/// thread. Stops: a body cancelled in `co_await h` stops waiting at once; the other task goes on.
#pragma once

#include <taskactor/run/body.hpp>
#include <taskactor/run/wait.hpp>

#include <chrono>
#include <coroutine>
#include <utility>

namespace taskactor {

template <class T>
class [[nodiscard]] handle {
  using record_type = detail::outcome_record<T>;

public:
  using value_type = T;

  /// For the runtime.
  explicit handle(detail::ref<record_type> record) noexcept : record_(std::move(record)) {
    record_->add_handle();
  }
  handle(const handle& other) noexcept : record_(other.record_) {
    if (record_)
      record_->add_handle();
  }
  handle(handle&& other) noexcept = default;
  handle& operator=(handle other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~handle() {
    if (record_)
      record_->drop_handle();
  }

  const std::string& id() const noexcept { return record_->id; }
  taskactor::state state() const noexcept { return record_->state.load(std::memory_order_acquire); }
  bool finished() const noexcept { return is_final(state()); }
  task_info info() const { return record_->info(); }

  /// Blocks until the task has ended.
  void wait() const { detail::wait(*record_); }
  /// Blocks until the task has ended or `limit` is over. True: it has ended.
  bool wait_for(std::chrono::nanoseconds limit) const { return detail::wait_for(*record_, limit); }

  /// Blocks until the end, then gives how it ended: the stored outcome, valid while a handle lives.
  const outcome<T>& wait_outcome() const {
    wait();
    return *try_outcome();
  }
  /// How it ended, or null while it hasn't.
  const outcome<T>* try_outcome() const noexcept {
    if (!finished())
      return nullptr;
    record_->mark_observed();
    return &record_->result();
  }
  /// Blocks until the end; moves the value out (later calls find a moved-from one) or throws.
  T get() const {
    wait();
    return take();
  }

  /// Asks this task to end (rule 9); the answer as `task_manager::cancel_task`'s.
  cancel_reply cancel() const { return detail::cancel(*record_); }

  class awaiter final : detail::end_wait {
  public:
    explicit awaiter(const handle& which) noexcept : end_wait(*which.record_), handle_(which) {}
    bool await_ready() const noexcept { return false; }
    template <detail::body_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
      return begin(*self.promise().ctx);
    }
    T await_resume() {
      finish();
      return handle_.take();
    }

  private:
    handle handle_;
  };
  awaiter operator co_await() const noexcept { return awaiter{*this}; }

private:
  T take() const {
    record_->mark_observed();
    return std::move(record_->result()).value();
  }

  detail::ref<record_type> record_;
};

} // namespace taskactor
