/// Which commands have not ended, how far each is, and where a signal to it goes.
///
///     add ---> waiting --- starting ---> its process is born --- running ---> running --- retire ---> (gone)
///                |                              |                               |
///     signal: abandoned                     abandoned                   sent to the group
///
/// A command without a process is abandoned by KILL and TERM; other signals mean nothing to it. TERM is what
/// callers say when it is to end; what its group is sent then is the command's own first signal. KILL reaches
/// the process of one that is being started: it may hang where its program or its directory should be, and
/// with it the serving thread.
///
/// Threads: any, under its owner's lock. Only the kernel writes without it, to the place that `starting`
/// gives.
#pragma once

#include "command/process_group.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include <sys/types.h>

namespace taskactor::detail {

struct command_statistics {
  std::size_t queued = 0;    // now; those being started too
  std::size_t running = 0;   // now
  std::uint64_t started = 0; // running and ended
  std::uint64_t ended = 0;
  std::uint64_t start_failures = 0;
};

enum class command_end { never_started, ended };

class command_states {
public:
  /// Errors: `std::bad_alloc`.
  void add(std::uint64_t key, int stop_signal = SIGTERM) {
    entries_.emplace(key, entry{.stop_signal = stop_signal});
  }
  /// As if it had never been added.
  void remove(std::uint64_t key) noexcept { entries_.erase(key); }
  /// Sends a signal, at once. True: it has no process yet, and may be abandoned now.
  bool signal(std::uint64_t key, int signal) noexcept;
  /// Sends this very signal. Returns 0, or an `errno`: ESRCH without a process.
  int send(std::uint64_t key, int signal, signal_target to) noexcept;
  /// The signal that has abandoned it, or 0.
  int abandoned_by(std::uint64_t key) const { return entries_.at(key).abandoned_by; }

  /// It is being started, one at a time; the kernel writes its process's number to the place that this
  /// returns.
  pid_t& starting(std::uint64_t key) noexcept;
  /// `starting` is over, and there is no process.
  void not_started() noexcept { starting_key_ = 0; }
  /// It has a process, and `starting` is over. Returns the signal to send, since it was abandoned meanwhile,
  /// or 0.
  int running(std::uint64_t key, pid_t pid) noexcept;
  void kill_starting() noexcept;
  /// Nothing is sent to it any more.
  void retire(std::uint64_t key, command_end end) noexcept;
  command_statistics statistics() const noexcept;

private:
  struct entry {
    pid_t pid = 0; // 0: no process yet
    int abandoned_by = 0;
    int stop_signal = SIGTERM;
  };

  std::unordered_map<std::uint64_t, entry> entries_;
  std::uint64_t starting_key_ = 0; // 0: none
  pid_t starting_pid_ = 0;
  command_statistics counts_;
};

} // namespace taskactor::detail
