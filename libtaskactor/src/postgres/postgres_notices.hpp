/// `postgres_notices`: what the processes of one store tell each other at once, by LISTEN and NOTIFY: that a
/// queue has ready jobs, that jobs have ended. Hints: who hears nothing looks once a second.
///
///     the store's thread    tell: after a commit                      what is told waits here
///     its own thread        tells it, on a connection of its own, not sooner than `interval` after the last
///                           hears others, and itself: the canary
///
/// A notification holds a lock of the whole server until its commit is over, so that it isn't sent in the
/// transactions of jobs, but in one of its own, that waits for no disk, for all that has come meanwhile. Of
/// ready jobs nobody is told while no runner of that queue has a slot that stands empty.
///
/// The connection is made with the first thing to tell or to hear. Every so often (`canary`) it tells itself
/// something; if that doesn't come back, the listener is silent, as behind a pooler that gives its
/// connections to others between transactions.
///
/// Threads: any.
#pragma once

#include "base/semaphore.hpp"
#include "base/unique_fd.hpp"
#include "postgres/postgres_connection.hpp"
#include "postgres/postgres_news.hpp"
#include "queue/store_backend.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace taskactor::detail {

struct postgres_listener {
  bool is_on = false, hears = false;
  std::string silence; // why it hears nothing, as soon as that is known
};

class postgres_notices {
public:
  /// Without `options.notices` nothing is told or heard, and there is no connection.
  explicit postgres_notices(const postgres_options& options);
  postgres_notices(const postgres_notices&) = delete;
  postgres_notices& operator=(const postgres_notices&) = delete;
  /// What waits is told, if that takes no longer than a second.
  ~postgres_notices();

  /// `outside`: see `store_backend::listen`.
  void listen(std::function<void(outside_change)> outside);
  /// From now on its queues matter.
  void serve(std::span<const queue_share> shares);
  void start() noexcept;
  void tell(const postgres_news& news) noexcept;

  /// It has told itself something not long ago, and heard it.
  bool hears() const noexcept { return hears_; }
  /// Others have told something that matters since the last call.
  bool take_hint() noexcept { return hinted_.exchange(false); }
  postgres_listener state() const;

private:
  using time = std::chrono::steady_clock::time_point;

  void run();
  void turn();
  void begin_listening();
  bool send_due(time now);
  void hear();
  void hear_other(std::string_view what);
  void wait(time until, bool also_server);
  void adapt(time now) noexcept;
  time next_turn();

  const bool is_on_;
  const std::string id_; // before all that this one tells
  unique_fd wake_, stop_;
  postgres_connection connection_; // the thread's own, and so is what follows
  struct rhythm {
    std::chrono::milliseconds interval;
    time next_tell{}, next_canary{}, next_second{};
    std::size_t heard = 0; // of others, in this second
    bool waits_for_canary = false;
  } rhythm_;

  std::atomic<bool> hears_{false}, hinted_{false};
  struct shared {
    std::function<void(outside_change)> outside;
    std::set<std::string> served;
    postgres_news waiting;
    std::string silence;
    bool is_closing = false, is_started = false;
  };
  mutable std::mutex mutex_; // of the next
  shared shared_;

  semaphore over_;
  std::thread thread_;
};

} // namespace taskactor::detail
