/// Where events go: the log, and the observers' bounded queues.
///
/// Each observer has a detached actor and a queue of its own, so that a slow or blocking handler holds nobody
/// up: what its queue can't take is dropped and counted. Threads: any.
#pragma once

#include "log.hpp"

#include <taskactor/observe/event.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class observer_queue;

/// Runs a job on a detached actor.
using detach = std::function<void(std::function<void()>)>;

class event_hub : public std::enable_shared_from_this<event_hub> {
public:
  event_hub(detach run, std::shared_ptr<spdlog::logger> logger);

  bool wants(event_kind kind) const noexcept {
    return observed_.load(std::memory_order_relaxed).contains(kind) || log_.wants(kind);
  }
  void emit(const event& what) noexcept;
  void warn(const std::string& text) const { log_.warn(text); }
  void note(const std::string& text) const { log_.note(text); }
  bool relay(int level, const std::string& text) const { return log_.relay(level, text); }

  subscription observe(event_handler handler, observer_options options);
  /// Ends all observers, and waits for their handlers until `bound` is over. True: all have ended.
  bool stop(std::chrono::nanoseconds bound);
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  // -- told by observers
  // -------------------------------------------------------------------------------------
  void handler_failed(const std::exception_ptr& why) noexcept;
  void ended() noexcept;

private:
  void note_observed() noexcept;
  void remove(const std::shared_ptr<observer_queue>& which) noexcept;

  static constexpr event_kinds no_events{std::initializer_list<event_kind>{}};

  detach run_;
  event_log log_;
  std::atomic<event_kinds> observed_{no_events};
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_; // what follows
  std::condition_variable gone_;
  std::vector<std::shared_ptr<observer_queue>> observers_;
  std::size_t alive_ = 0;
};

} // namespace taskactor::detail
