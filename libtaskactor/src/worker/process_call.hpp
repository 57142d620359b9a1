/// One call of a registered task in a worker.
///
///     waiting --token--> given to a worker ---------------------------------------> ended
///        \--prefetched--> behind another call in a worker --its turn--/     |
///        ^----------------------------- given back --------------------------/
///
/// What is asked for is its `worker_request`, how it has ended its `call_outcome`, who is told to end it its
/// `call_control`. Its body may make calls in its turn (`nested_calls.hpp`): the call ends after these.
#pragma once

#include "command/child_call.hpp"
#include "worker/call_control.hpp"
#include "worker/call_outcome.hpp"
#include "worker/nested_calls.hpp"
#include "worker/worker_request.hpp"

#include <taskactor/remote_error.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace taskactor::detail {

class process_call final : public child_call {
public:
  /// Errors: `std::length_error` for arguments beyond `frame_limit`.
  process_call(context& owner, worker_dispatcher& workers, const remote_callable& what,
               const std::string& arguments, bool captures);
  /// One that the body of `maker` has made.
  process_call(ref<process_call> maker, const remote_callable& what, const std::string& arguments,
               bool captures);
  ~process_call() override;
  using limited_call::task;

  void on_token() noexcept override;
  void on_token_back() noexcept override;
  bool may_be_prefetched() const noexcept override;
  /// To those that its body has made as well.
  void signal(int number) noexcept override;
  /// Asks the body in the worker to end; a call that is in no worker has ended then.
  void ask() noexcept { signal(asks); }
  worker_request& request() noexcept { return request_; }
  const worker_request& request() const noexcept { return request_; }
  call_control& control() noexcept { return control_; }
  /// The result, or what went wrong. `asked`: ours to end, so that the worker's death by that is no fault.
  std::string take(bool asked);
  call_outcome& outcome() noexcept { return outcome_; }
  /// It has ended: whether another call takes its place, since its worker has died under it and it may be run
  /// again. `kills`: how many workers it has cost, all its places together.
  bool runs_again(std::size_t& kills);

  // -- the worker's ---------------------------------------------------------
  /// By its body. Errors: `std::bad_alloc`.
  nested_calls& nested();
  /// Null: its body has made none.
  const nested_calls* made_calls() const noexcept { return nested_.load(std::memory_order_acquire); }
  /// The last of those has ended, after the call's own end.
  void end_now() noexcept;
  /// The worker has it.
  void sent_to(std::shared_ptr<call_executor> whom) noexcept;
  /// The worker has it no more, and hasn't begun it.
  void given_back() noexcept;
  /// Its worker was not able to start: it waits for another one.
  void not_begun() noexcept { started_.store(false, std::memory_order_seq_cst); }
  /// While it waits for that.
  void end_if_asked() noexcept;
  /// What was asked for while nobody could be told is passed on.
  void repeat_signal() noexcept;
  /// Once.
  void end(call_outcome how) noexcept;

private:
  bool withdraw_and_tell() noexcept;

  worker_dispatcher& workers_;
  const ref<process_call> maker_;
  worker_request request_;
  call_control control_;
  call_outcome outcome_;
  std::atomic<nested_calls*> nested_{nullptr}; // made by the thread that hears the worker
};

/// It has lent its token back, since it waits for calls that its body has made.
inline bool waits_for_nested(const process_call& call) noexcept {
  const auto* const made = call.made_calls();
  return made && made->waited_for();
}

/// Its body hasn't been told what has become of one of those.
inline bool has_open_calls(const process_call& call) noexcept {
  const auto* const made = call.made_calls();
  return made && made->are_open();
}

} // namespace taskactor::detail
