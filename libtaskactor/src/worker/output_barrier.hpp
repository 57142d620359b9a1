/// Keeps an answer of a worker's, and all frames behind it, until what its call has printed is read.
///
/// A worker's answers come by its link, what it prints by pipes, which another thread reads. An answer that
/// overtook its call's output would leave this to the next call.
///
///     printed(7); must_drain(7) --> hold(answer)   keep, keep_close: what comes meanwhile
///                                                  drained; next, next ...: in the order in which it came
///
/// Who takes frames is one thread at a time: the links' thread, and from `hold` until `next` finds nothing
/// the thread that calls it. Threads: that one for `printed` and `must_drain`; the links' for `keep` and
/// `keep_close`; any for `begin_reading` and `end_reading`.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

class output_barrier {
public:
  /// Some of the output may be read, and not handed out yet.
  void begin_reading() noexcept { reading_ = true; }
  void end_reading() noexcept { reading_ = false; }

  /// The worker says so: that call has output which may be unread.
  void printed(std::uint64_t number) noexcept { printed_ = number; }
  /// Whether the answer of that call is to be held now.
  bool must_drain(std::uint64_t number, bool captures) noexcept {
    if (drained_ == number || (printed_ != number && !captures && !reading_))
      return false;
    draining_ = number;
    return true;
  }
  /// The answer for which `must_drain` was true. Errors: `std::bad_alloc`.
  void hold(std::string_view frame);
  /// True: it is behind what is held. Errors: `std::bad_alloc`.
  bool keep(std::string_view frame);
  /// The link is closed; returns as `keep`.
  bool keep_close(bool broken) noexcept;

  /// All of the output is read that there was at `hold`.
  void drained() noexcept;
  /// What was held, the oldest first. Nothing: it is over, and frames are taken as they come.
  std::optional<std::string> next() noexcept;
  /// An answer that came from `next` is held in its turn.
  bool is_draining() const noexcept { return drained_ != draining_; }
  /// After `next` has returned nothing: what `keep_close` was called with, once.
  std::optional<bool> take_close() noexcept;

private:
  std::atomic<bool> reading_{false};
  std::uint64_t printed_ = 0, draining_ = 0, drained_ = 0; // numbers of calls; of who takes frames
  std::mutex mutex_;                                       // what follows
  bool holding_ = false;
  std::deque<std::string> held_;
  std::optional<bool> closed_behind_;
};

} // namespace taskactor::detail
