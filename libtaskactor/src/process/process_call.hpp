/// One call of a registered task in a worker.
#pragma once

#include "child_call.hpp"

#include <taskactor/task/portable.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace taskactor::detail {

class worker;

class process_call final : public child_call {
public:
  /// Errors: `std::length_error` for arguments beyond `frame_limit`.
  process_call(context& owner, const portable& what, const std::string& arguments);

  void on_token() noexcept override;
  void signal(int number) noexcept override;
  /// Asks the body in the worker to end.
  void ask() noexcept { signal(asks); }
  /// By which the worker's answers name it.
  std::uint64_t number() const noexcept { return number_; }
  /// The frame that makes the call; once.
  std::string take_frame() noexcept { return std::move(frame_); }
  std::string task_id() const { return task().current_id(); }
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) {
    task().report_progress(done, total, std::move(text));
  }
  /// The result, or what went wrong. `asked`: ours to end, so that the worker's death by that is no fault.
  std::string take(bool asked);

  // -- the worker's, one of these once
  void completed(std::string result) noexcept;
  void failed(std::exception_ptr why) noexcept;
  void cancelled() noexcept;
  /// Its worker has died.
  void lost(std::exception_ptr why) noexcept;

private:
  static constexpr int asks = -1;
  static constexpr std::uint8_t kills_limit = 3;
  void pass_on(int number) noexcept;

  const std::uint64_t number_;
  std::string frame_;
  std::shared_ptr<worker> worker_;
  std::atomic<int> asked_{0};
  std::string result_;
  std::exception_ptr error_;
  bool lost_ = false, cancelled_ = false;
};

/// Asks, waits for half the grace, then as `end_call`; returns when the call has ended.
task<void> end_process_call(ref<process_call> call, std::chrono::nanoseconds half_grace);

} // namespace taskactor::detail
