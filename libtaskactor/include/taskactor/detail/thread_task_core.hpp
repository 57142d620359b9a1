/// `detail::thread_task_core`: a task as its call on a thread sees it. Not for users: see `run_in_thread`.
#pragma once

#include <taskactor/detail/record.hpp>

#include <atomic>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace taskactor::detail {

/// The task as it is where the call was made: asked to stop by a scope too, with that scope's deadline, and
/// with what is set there. All else is the task's own. Threads: any.
class thread_task_core : public task_core {
public:
  /// `stoppable`: the call takes a stop token. For others it is made when they ask for one.
  thread_task_core(record& of, context& made_in, bool stoppable);

  std::string current_id() const final { return of_.current_id(); }
  time_point deadline() const noexcept final { return deadline_; }
  bool cancel_requested() const noexcept final { return asked_.load(std::memory_order_acquire); }
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) final {
    of_.report_progress(done, total, std::move(text));
  }
  void report_cleanup_fault(const std::exception_ptr& what) noexcept final { of_.report_cleanup_fault(what); }
  time_point now() const noexcept final { return of_.now(); }
  std::size_t attempt() const noexcept final { return of_.attempt(); }
  std::uint64_t fencing_token() const noexcept final { return of_.fencing_token(); }
  void forbid_retry() noexcept final { of_.forbid_retry(); }
  void give(stop_token_box& into) final;
  local_binding* locals() const noexcept final { return locals_.get(); }

protected:
  ~thread_task_core() = default;
  std::stop_token stop_token();
  /// May call back whoever waits for the token.
  void ask_to_stop() noexcept;

private:
  record& of_;
  std::mutex stop_mutex_; // of the next
  std::stop_source stop_;
  std::atomic<bool> asked_{false};
  const time_point deadline_;
  const ref<local_binding> locals_;
};

} // namespace taskactor::detail
