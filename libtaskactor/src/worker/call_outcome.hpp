/// How a call in a worker has ended: with a result, by an error, cancelled, or with its worker;
/// and what it has printed, if that is captured.
///
/// Threads: one at a time; who has ended the call writes it before the call's end is told.
#pragma once

#include <taskactor/remote_error.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace taskactor::detail {

class call_outcome {
public:
  call_outcome() = default;
  static call_outcome completed(std::string result) { return {kind::completed, std::move(result), {}}; }
  static call_outcome failed(std::exception_ptr why) { return {kind::failed, {}, std::move(why)}; }
  static call_outcome cancelled() { return {kind::cancelled, {}, {}}; }
  /// Its worker has died; `begun`: the body may have.
  static call_outcome lost(std::exception_ptr why, bool begun) {
    return {begun ? kind::lost : kind::lost_unbegun, {}, std::move(why)};
  }

  /// How, but not what it has printed: that is known before.
  void set(call_outcome how) noexcept {
    kind_ = how.kind_;
    result_ = std::move(how.result_);
    error_ = std::move(how.error_);
  }
  /// Returns it, for the end's error.
  std::shared_ptr<const call_output> printed(call_output output) {
    return output_ = std::make_shared<const call_output>(std::move(output));
  }
  bool is_captured() const noexcept { return output_ != nullptr; }
  call_output output() const { return output_ ? *output_ : call_output{}; }

  /// `asked`: the call was, so that its worker's death by that is no fault.
  bool is_cancelled(bool asked) const noexcept {
    return kind_ == kind::cancelled || (asked && (kind_ == kind::lost || kind_ == kind::lost_unbegun));
  }
  /// With its worker, and it may have begun.
  bool is_lost() const noexcept { return kind_ == kind::lost; }
  const std::exception_ptr& error() const noexcept { return error_; }
  /// The result, or what went wrong.
  std::string take() {
    if (error_)
      std::rethrow_exception(std::move(error_));
    return std::move(result_);
  }

private:
  enum class kind : std::uint8_t { completed, failed, cancelled, lost_unbegun, lost };
  call_outcome(kind how, std::string result, std::exception_ptr error)
      : kind_(how), result_(std::move(result)), error_(std::move(error)) {}

  kind kind_ = kind::completed;
  std::string result_;
  std::exception_ptr error_;
  std::shared_ptr<const call_output> output_;
};

} // namespace taskactor::detail
