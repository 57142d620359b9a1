/// All commands that have not ended: what callers ask for, and what the serving thread makes of it. One lock
/// over who waits for a start (`start_queue`), how far each is (`command_states`), and what wakes the serving
/// thread (`wakeup`).
///
/// One for which there is no room goes back to the head of the queue (`put_back`), and waits for an end.
///
/// A signal is sent by the caller's thread, at once, under the lock that `retire` takes before the process is
/// reaped: its number can't be another process's yet.
///
/// Threads: any; `next`, `readings`, `running`, `retire`, `serve` and `acknowledge` are the serving thread's.
#pragma once

#include "command/command_states.hpp"
#include "command/start_queue.hpp"
#include "command/wakeup.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace taskactor::detail {

/// Somebody who waits until a command's pipes are read; without `then`, who has room for more.
struct reading_request {
  std::uint64_t key = 0;
  std::function<void()> then{};
};

class command_table {
public:
  /// Errors: `std::system_error` when there is no descriptor left.
  command_table() = default;

  /// Takes what it is given, unless it is stopping: then false, and nothing is taken.
  bool add(start_request&& request);
  /// False: commands are served no more, and nothing is taken.
  bool add_reading(reading_request request);
  /// Returns 0, or an `errno`: see `command_server::send`.
  int signal(std::uint64_t key, int signal, signal_target to = signal_target::command) noexcept;
  void stop() noexcept;
  /// Waits for `finish`; returns at once on the serving thread, which can't wait for itself.
  void wait_finished() noexcept;
  command_statistics statistics() const;

  /// Readable when there is something new.
  const unique_fd& wakeup_fd() const noexcept { return wakeup_.fd(); }
  void acknowledge() noexcept;
  void serve() noexcept;
  void finish() noexcept;
  bool stopping() const noexcept;
  /// The next one to start, and why not: the signal that has abandoned it.
  std::optional<start_request> next(int& abandoned_by);
  bool has_next() const noexcept;
  /// The next one that has been abandoned, though it isn't its turn.
  std::optional<start_request> next_abandoned(int& abandoned_by) noexcept;
  /// It is to be the next one, later. One at a time: the last that `next` gave.
  void put_back(start_request&& request) noexcept;
  std::vector<reading_request> readings() noexcept;
  /// See `command_states`, as for what follows.
  pid_t& starting(std::uint64_t key) noexcept;
  void not_started() noexcept;
  int running(std::uint64_t key, pid_t pid) noexcept;
  void retire(std::uint64_t key, command_end end) noexcept;

private:
  mutable std::mutex mutex_; // what follows
  std::condition_variable finished_;
  wakeup wakeup_;
  start_queue queue_;
  command_states states_;
  std::vector<reading_request> readings_;
  std::thread::id server_;
  bool stopping_ = false;
  bool done_ = false;
};

} // namespace taskactor::detail
