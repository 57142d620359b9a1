/// All commands that have not ended: what callers ask for, and what the serving thread makes of it.
///
///     add ---> queued --- next ---> starting --- running ---> running --- retire ---> (gone)
///                |                     |                         |
///     signal: abandoned            abandoned                sent to the group
///
/// One for which there is no room goes back to the head of the queue (`put_back`), and waits for an end.
///
/// A signal is sent by the caller's thread, at once, under the lock that `retire` takes before the process is
/// reaped: its number can't be another process's yet. A command without a process is abandoned by KILL and
/// TERM; other signals mean nothing to it. KILL reaches the process of one that is being started: it may hang
/// where its program or its directory should be, and with it the serving thread.
///
/// Threads: any; `next`, `readings`, `running`, `retire`, `serve` and `acknowledge` are the serving thread's.
#pragma once

#include "base/unique_fd.hpp"
#include "command/command_listener.hpp"
#include "command/launch_plan.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

/// A command on its way to its start.
struct start_request {
  std::uint64_t key = 0;
  launch_plan plan{};
  command_options options{};
  std::shared_ptr<command_listener> listener{};
  unique_fd input{};                    // its standard input, unless the plan feeds it or there is none
  std::optional<start_error> refused{}; // there is no plan: this is why
  bool stays = false;                   // it ends when it is told to: nothing is gained by waiting for that
  std::size_t tries = 0;                // that it has been put back for want of something
};

struct command_statistics {
  std::size_t queued = 0;    // now; those being started too
  std::size_t running = 0;   // now
  std::uint64_t started = 0; // running and ended
  std::uint64_t ended = 0;
  std::uint64_t start_failures = 0;
};

enum class command_end { never_started, ended };

/// Somebody who waits until a command's pipes are read; without `then`, who has room for more.
struct reading_request {
  std::uint64_t key = 0;
  std::function<void()> then{};
};

class command_table {
public:
  /// Errors: `std::system_error` when there is no descriptor left.
  command_table();

  /// Takes what it is given, unless it is stopping: then false, and nothing is taken.
  bool add(start_request&& request);
  /// False: commands are served no more, and nothing is taken.
  bool add_reading(reading_request request);
  void signal(std::uint64_t key, int signal) noexcept;
  void stop() noexcept;
  /// Waits for `finish`; returns at once on the serving thread, which can't wait for itself.
  void wait_finished() noexcept;
  command_statistics statistics() const;

  /// Readable when there is something new.
  const unique_fd& wakeup_fd() const noexcept { return wakeup_fd_; }
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
  /// It is being started; the kernel writes its process's number to the place that this returns.
  pid_t& starting(std::uint64_t key) noexcept;
  /// `starting` is over, and there is no process.
  void not_started() noexcept;
  /// It has a process, and `starting` is over. Returns the signal that came meanwhile, or 0.
  int running(std::uint64_t key, pid_t pid) noexcept;
  void retire(std::uint64_t key, command_end end) noexcept;

private:
  struct entry {
    pid_t pid = 0; // 0: no process yet
    int abandoned_by = 0;
  };
  void wake(std::unique_lock<std::mutex>& lock) noexcept;
  void kill_starting() noexcept;

  unique_fd wakeup_fd_;
  mutable std::mutex mutex_;
  std::condition_variable finished_;
  std::optional<start_request> first_; // put back; in no queue, which would need memory for it
  std::deque<start_request> queue_;
  std::vector<reading_request> readings_;
  std::unordered_map<std::uint64_t, entry> entries_;
  bool any_abandoned_ = false; // perhaps, in the queue
  std::uint64_t starting_key_ = 0;
  pid_t starting_pid_ = 0;
  command_statistics counts_;
  std::thread::id server_;
  bool woken_ = false;
  std::atomic<int> ringing_{0}; // in the midst of that, without the lock
  bool stopping_ = false;
  bool done_ = false;
};

/// To a whole process group. TERM wakes it as well if it is stopped, or it couldn't act on it.
void signal_group(pid_t group, int signal) noexcept;

} // namespace taskactor::detail
