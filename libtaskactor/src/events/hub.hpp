/// Where events go: the log, and the observers' bounded queues.
///
/// Each observer has a thread and a queue of its own, so that a slow or blocking handler holds nobody up:
/// what its queue can't take is dropped and counted. So has the log, whose sinks are the user's, for what the
/// manager tells. It is a plain thread, no detached actor: one that never
/// comes back is left alone, and the actor system can go. Threads: any.
#pragma once

#include "events/log.hpp"
#include "events/log_writer.hpp"

#include <taskactor/event.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace taskactor::detail {

class observer_queue;

/// In a test: a handler that blocks in a call of ours waits for the test, which therefore doesn't wait for
/// it.
class blocked_observer {
public:
  blocked_observer() noexcept;
  ~blocked_observer();
  blocked_observer(const blocked_observer&) = delete;
  blocked_observer& operator=(const blocked_observer&) = delete;

private:
  observer_queue* which_;
};

class event_hub : public std::enable_shared_from_this<event_hub> {
public:
  explicit event_hub(std::shared_ptr<spdlog::logger> logger, std::optional<log_level> level = {});

  bool wants(event_kind kind) const noexcept {
    return observed_.load(std::memory_order_relaxed).contains(kind) || log_.wants(kind);
  }
  /// `expected`: no worse than info for the log, whatever its kind is.
  void emit(const task_event& what, bool expected = false) noexcept;
  void warn(const std::string& text) const;
  void note(const std::string& text) const;
  bool relay(int level, const std::string& text) const;
  /// Calls it when that is written.
  void after_logged(std::function<void()> then) const { writer_->after_written(std::move(then)); }

  /// Errors: `std::system_error`, when there is no thread to be had; `errc::invalid_argument` without a
  /// handler.
  subscription observe(event_handler handler, observer_options options);
  /// Ends all observers: what is queued is handled until `bound` is over; who isn't done then is cut off,
  /// which is logged. Called by a handler it doesn't wait for that one.
  void stop(std::chrono::nanoseconds bound) noexcept;
  /// Waits until all that was told is handled, or `bound` is over: false.
  bool wait_heard(std::chrono::nanoseconds bound);
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  // -- told by observers ----------------------------------------------------
  void handler_failed(const std::exception_ptr& why) noexcept;
  void ended() noexcept;

private:
  void serve(std::shared_ptr<observer_queue> queue);
  bool replace(const std::shared_ptr<observer_queue>& queue) noexcept;
  void note_observed() noexcept;
  void cut_off() noexcept;
  void remove(const std::shared_ptr<observer_queue>& which) noexcept;

  static constexpr event_kinds no_events{std::initializer_list<event_kind>{}};

  void log(const task_event& what, bool expected);

  event_log log_;
  std::shared_ptr<log_writer> writer_ = std::make_shared<log_writer>();
  std::atomic<event_kinds> observed_{no_events};
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_; // what follows
  std::condition_variable gone_;
  std::vector<std::shared_ptr<observer_queue>> observers_;
  std::size_t alive_ = 0;
};

} // namespace taskactor::detail
