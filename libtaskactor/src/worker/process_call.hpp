/// One call of a registered task in a worker.
///
///     waiting --token--> given to a worker ---------------------------------------> ended
///        \--prefetched--> behind another call in a worker --its turn--/     |
///        ^----------------------------- given back --------------------------/
///
/// Its body may make calls in its turn (`nested_calls.hpp`): the call ends after these.
#pragma once

#include "base/adaptive_mutex.hpp"
#include "command/child_call.hpp"
#include "worker/nested_calls.hpp"

#include <taskactor/detail/remote_callable.hpp>
#include <taskactor/remote_error.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace taskactor::detail {

class worker;
class worker_pool;

/// Calls that have lately taken less may be sent to a worker ahead of their turn, behind such calls.
constexpr std::chrono::milliseconds short_call_limit{1};
/// Of one that was short, makes one that isn't.
constexpr std::chrono::milliseconds longer_than_short = 8 * short_call_limit;

class process_call final : public child_call {
public:
  /// Errors: `std::length_error` for arguments beyond `frame_limit`.
  process_call(context& owner, worker_pool& pool, const remote_callable& what, const std::string& arguments,
               bool captures);
  /// One that the body of `maker` has made.
  process_call(ref<process_call> maker, const remote_callable& what, const std::string& arguments,
               bool captures);
  ~process_call() override;

  void on_token() noexcept override;
  void on_token_back() noexcept override;
  bool may_be_prefetched() const noexcept override;
  /// To those that its body has made as well.
  void signal(int number) noexcept override;
  /// Asks the body in the worker to end; a call that is in no worker has ended then.
  void ask() noexcept { signal(asks); }
  /// By which the worker's answers name it.
  std::uint64_t number() const noexcept { return number_; }
  std::string task_id() const { return task().current_id(); }
  manager_core& home() const noexcept { return *task().home; }
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) {
    task().report_progress(done, total, std::move(text));
  }
  /// The result, or what went wrong. `asked`: ours to end, so that the worker's death by that is no fault.
  std::string take(bool asked);
  /// What it has printed, if it is captured.
  call_output output() const { return output_ ? *output_ : call_output{}; }
  /// It has ended: whether another call takes its place, since its worker has died under it and it may be run
  /// again. `kills`: how many workers it has cost, all its places together.
  bool runs_again(std::size_t& kills);
  /// In its place. Errors: `std::bad_alloc`.
  ref<process_call> again(const std::string& arguments) const;
  /// The last that `signal` was called with; zero: nothing.
  int asked() const noexcept { return asked_.load(std::memory_order_seq_cst); }

  // -- the worker's ---------------------------------------------------------
  /// The frame that makes the call: once, or as often as it may be given back.
  std::string take_frame() noexcept { return std::move(frame_); }
  const std::string& frame() const noexcept { return frame_; }
  bool is_short() const noexcept { return what_.time_in_workers().below(short_call_limit); }
  /// By its body. Errors: `std::bad_alloc`.
  nested_calls& nested();
  /// It has lent its token back, since it waits for those.
  bool waits_for_nested() const noexcept;
  bool has_open_calls() const noexcept;
  /// To its body.
  void tell_body(std::string frame) noexcept;
  /// The last of those has ended, after the call's own end.
  void end_now() noexcept;
  /// What is printed is kept for it.
  bool captures() const noexcept { return captures_; }
  /// Before its end, if it is captured. Returns it, for that end's error.
  std::shared_ptr<const call_output> printed(call_output output) {
    return output_ = std::make_shared<const call_output>(std::move(output));
  }
  /// What it does to its worker stays.
  bool spoils_worker() const noexcept { return what_.limits().niceness != 0; }
  void add_time(std::chrono::nanoseconds taken) noexcept { what_.time_in_workers().add(taken); }
  /// The worker has it.
  void sent_to(std::shared_ptr<worker> whom) noexcept;
  /// The worker has it no more, and hasn't begun it.
  void given_back() noexcept;
  /// Its worker was not able to start: it waits for another one.
  void not_begun() noexcept { started_.store(false, std::memory_order_seq_cst); }
  /// While it waits for that.
  void end_if_asked() noexcept;
  /// What was asked for while nobody could be told is passed on.
  void repeat_signal() noexcept;
  // One of these once.
  void completed(std::string result) noexcept;
  void failed(std::exception_ptr why) noexcept;
  void cancelled() noexcept;
  /// Its worker has died; `begun`: the body may have.
  void lost(std::exception_ptr why, bool begun) noexcept;

private:
  static constexpr std::size_t prefetch_limit = std::size_t{1} << 16; // of its frame
  void pass_on(int number) noexcept;
  void start(const ref<process_call>& self);
  void end() noexcept;
  bool withdraw_and_tell() noexcept;
  bool may_kill_again(std::size_t kills);

  worker_pool& pool_;
  const ref<process_call> maker_;
  const remote_callable& what_;
  const std::uint64_t number_;
  const bool captures_;
  std::string frame_;
  adaptive_mutex mutex_; // of the next
  std::shared_ptr<worker> worker_;
  std::atomic<int> asked_{0};
  std::string result_;
  std::exception_ptr error_;
  std::shared_ptr<const call_output> output_;
  bool lost_ = false, begun_ = false, cancelled_ = false;
  std::atomic<nested_calls*> nested_{nullptr}; // made by the thread that hears the worker
};

} // namespace taskactor::detail
