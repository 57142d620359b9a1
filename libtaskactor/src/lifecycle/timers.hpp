/// The clock of sleeping bodies: one heap for all, behind a lock, and one actor that the alarm's messages go
/// to.
///
/// Not in the manager, so that ten thousand sleepers don't pass through its mailbox. Threads: any; a body
/// arms and disarms its own entry, any thread may move one meanwhile, the actor fires what is due.
#pragma once

#include "base/adaptive_mutex.hpp"
#include "base/deadline_heap.hpp"
#include "lifecycle/manager_messages.hpp"

#include <caf/event_based_actor.hpp>

#include <memory>
#include <mutex>

namespace taskactor::detail {

class timers : public std::enable_shared_from_this<timers> {
public:
  explicit timers(caf::actor_system& system) : system_(system) {}

  caf::actor start();
  /// After its actor has ended.
  void stop() { actor_ = nullptr; }
  void arm(timer_entry& entry);
  void disarm(timer_entry& entry) noexcept;
  /// Sets when it fires, armed or not; for any thread. False: it has fired. Errors: as `context::move`.
  bool move(timer_entry& entry, time_point due);
  /// The actor's: wakes the owners of what is due.
  void on_alarm(time_point rung);
  std::size_t sleeping() const;

private:
  void rearm();
  void ask_for(time_point due);

  caf::actor_system& system_;
  caf::strong_actor_ptr actor_;
  mutable adaptive_mutex mutex_; // what follows
  deadline_heap<timer_entry> heap_;
  alarm alarm_;
};

} // namespace taskactor::detail
