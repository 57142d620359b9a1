/// Which signals of this process are listened to, by whom, and what was in their place before.
///
///     the handler                    counts, and writes to an eventfd: all that may be done there
///     the io loop's thread           hands the counts to each listener of that signal, and wakes its body
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

/// One `signals`.
class signal_listener {
public:
  /// Errors: those of `signals`.
  explicit signal_listener(const std::vector<int>& which);
  signal_listener(const signal_listener&) = delete;
  signal_listener& operator=(const signal_listener&) = delete;
  ~signal_listener();

  /// From now on `body` is woken when one arrives. True: one has. Errors: `errc::already_awaited`.
  bool take_or_wait(context& body);
  /// It waits no more.
  void leave() noexcept;
  bool has_any() const noexcept;
  /// One that has arrived, which there is. It waits no more.
  int take_and_leave() noexcept;

private:
  friend class signal_table;
  struct count {
    int number;
    std::size_t arrived = 0;
  };

  std::shared_ptr<io_loop> loop_; // its thread hands on what arrives
  mutable std::mutex mutex_;      // what follows
  std::vector<count> counts_;
  context* body_ = nullptr;
};

} // namespace taskactor::detail
