/// A circuit breaker for the starts of workers: a program that dies at its start is not started over and
/// over.
///
///     closed --three fail--> open: a pause, longer with each --> half open: one is tried --greets--> closed
///                              ^------------------ fails ----------------/
///
/// What keeps a program from its start that was able to before may pass: short of memory it is killed, for
/// one. Or there is no room for another process, and the workers that there are go on. So calls wait for
/// such a program, but not for ever. Threads: one at a time.
#pragma once

#include "worker/pool_entry.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace taskactor::detail {

class start_breaker {
public:
  using clock = std::chrono::steady_clock;

  /// It is open, or one is being tried.
  bool holds_back(clock::time_point now) const noexcept;
  /// The program was able to start before, and is expected to again; never after `stop`.
  bool may_recover() const noexcept;
  /// Until the next may be started.
  std::chrono::milliseconds pause_left(clock::time_point now) const noexcept;
  /// Errors: `errc::worker_not_started`, while there is a pause.
  void check_pause(clock::time_point now) const;

  /// How many starts have failed, one after the other.
  unsigned failures() const noexcept { return starts_failed_; }
  /// One is started.
  void begin() noexcept { trying_ = starts_failed_ >= failures_at_once; }
  /// It is able to take calls.
  void greeted(pool_entry& which) noexcept;
  /// It has ended.
  void ended(const pool_entry& which) noexcept;
  /// That was before it could take calls.
  void failed(const pool_entry& which, const std::string& why, clock::time_point now);

  /// None is started any more.
  void stop() noexcept { stopped_ = true; }
  bool stopped() const noexcept { return stopped_; }

private:
  /// Starts that fail one after the other, before the next has to wait.
  static constexpr unsigned failures_at_once = 3;
  /// So many, and calls don't wait any more for a program that was able to start.
  static constexpr unsigned failures_waited_for = 8;
  static constexpr std::chrono::milliseconds first_pause{100};
  static constexpr std::chrono::seconds longest_pause{10};

  clock::time_point no_start_before_{};
  std::string why_not_started_;
  std::size_t alive_ = 0;      // of those that were able to start
  unsigned starts_failed_ = 0; // one after the other
  bool trying_ = false;        // whether they still do is being tried
  bool has_greeted_ = false;   // one of them: the program can be a worker
  bool stopped_ = false;
};

} // namespace taskactor::detail
