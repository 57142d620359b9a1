/// What a worker is asked to do: a registered function and its arguments, in the frame that says so, under a
/// number that no other call of this process has.
///
/// Threads: any, but for `take_frame`, which is for the worker that the call is given to.
#pragma once

#include <taskactor/detail/remote_callable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace taskactor::detail {

/// Calls that have lately taken less may be sent to a worker ahead of their turn, behind such calls.
constexpr std::chrono::milliseconds short_call_limit{1};
/// Of one that was short, makes one that isn't.
constexpr std::chrono::milliseconds longer_than_short = 8 * short_call_limit;

class worker_request {
public:
  /// Errors: `std::length_error` for arguments beyond `frame_limit`.
  worker_request(const remote_callable& what, const std::string& arguments, std::uint64_t fencing_token,
                 bool captures);

  const remote_callable& what() const noexcept { return what_; }
  /// By which the worker's answers name it.
  std::uint64_t number() const noexcept { return number_; }
  /// What is printed is kept for it.
  bool captures() const noexcept { return captures_; }
  /// The frame that makes the call: once, or as often as it may be given back.
  std::string take_frame() noexcept { return std::move(frame_); }
  const std::string& frame() const noexcept { return frame_; }
  bool is_short() const noexcept { return what_.time_in_workers().below(short_call_limit); }
  /// What it does to its worker stays.
  bool spoils_worker() const noexcept { return what_.limits().niceness != 0; }
  /// Others may be sent behind it.
  bool may_be_followed() const noexcept { return is_short() && !spoils_worker() && !captures_; }
  /// It may be sent behind another.
  bool may_be_prefetched() const noexcept { return may_be_followed() && frame_.size() <= prefetch_limit; }
  void add_time(std::chrono::nanoseconds taken) const noexcept { what_.time_in_workers().add(taken); }

private:
  static constexpr std::size_t prefetch_limit = std::size_t{1} << 16; // of its frame

  const remote_callable& what_;
  const std::uint64_t number_;
  const bool captures_;
  std::string frame_;
};

} // namespace taskactor::detail
