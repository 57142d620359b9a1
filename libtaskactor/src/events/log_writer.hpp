/// `log_writer`: writes to the user's logger, whose sinks may block or wait, on a thread of its own.
///
/// The thread is made with the first line that comes from a `service_thread`; from then on all lines pass
/// through it, in their order. What its queue can't take is lost, and so is what a sink that hangs still has
/// before it when it is stopped. Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace taskactor::detail {

class log_writer : public std::enable_shared_from_this<log_writer> {
public:
  /// Calls it here, or later on its thread. False: lost.
  bool write(std::function<void()> line);
  /// Calls it when all that came before is written, or lost: here, or on its thread. Errors:
  /// `std::bad_alloc`.
  void after_written(std::function<void()> then);
  bool wait_written(std::chrono::nanoseconds bound);
  /// Returns how many lines are lost.
  std::size_t stop(std::chrono::nanoseconds bound) noexcept;

private:
  enum class thread_state : std::uint8_t { none, runs, ended };
  struct entry {
    std::function<void()> act;
    bool is_line = true; // else somebody waits for it, and it isn't dropped
  };
  void serve();
  void replace() noexcept;
  void start();

  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  std::deque<entry> lines_;
  thread_state thread_ = thread_state::none;
  bool writes_ = false;
};

} // namespace taskactor::detail
