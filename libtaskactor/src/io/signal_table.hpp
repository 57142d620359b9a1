/// Which signals of this process are listened to, by whom, and what was in their place before.
///
///     the handler                    counts, and writes to an eventfd: all that may be done there
///     the io loop's thread           tells each listener of that signal how many have arrived
///
/// Threads: any; the handler runs on whichever the system chooses.
#pragma once

#include "base/unique_fd.hpp"

#include <taskactor/detail/context.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class io_loop;

/// Who is told of signals.
class signal_listener {
public:
  /// On the loop's thread, under the table's lock: nothing of the user's, and nothing that blocks. False: it
  /// listens no more, to none.
  virtual bool on_signals(int number, std::size_t count) noexcept = 0;

protected:
  ~signal_listener() = default;
};

/// From its making to its end `who` is told of those of `which`, and not afterwards.
class signal_registration {
public:
  /// Errors: those of `signals`.
  signal_registration(const std::vector<int>& which, signal_listener& who);
  signal_registration(const signal_registration&) = delete;
  signal_registration& operator=(const signal_registration&) = delete;
  ~signal_registration();

private:
  friend class signal_table;

  std::shared_ptr<io_loop> loop_; // its thread tells what arrives
  std::vector<int> numbers_;      // each once
  signal_listener& who_;
};

/// One `signals`.
class signal_counts final : signal_listener {
public:
  /// Errors: those of `signals`.
  explicit signal_counts(const std::vector<int>& which);
  signal_counts(const signal_counts&) = delete;
  signal_counts& operator=(const signal_counts&) = delete;
  ~signal_counts() = default;

  /// From now on `body` is woken when one arrives. True: one has. Errors: `errc::already_awaited`.
  bool take_or_wait(context& body);
  /// It waits no more.
  void leave() noexcept;
  bool has_any() const noexcept;
  /// One that has arrived, which there is. It waits no more.
  int take_and_leave() noexcept;

private:
  struct count {
    int number;
    std::size_t arrived = 0;
  };
  bool on_signals(int number, std::size_t count) noexcept override;

  mutable std::mutex mutex_; // of the next two
  std::vector<count> counts_;
  context* body_ = nullptr;
  const signal_registration registration_;
};

} // namespace taskactor::detail
