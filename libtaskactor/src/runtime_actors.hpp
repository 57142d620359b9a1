/// The actors that belong to a manager, as what put it together knows them.
#pragma once

#include <taskactor/detail/context.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class waits;

/// Ends them, and waits for that. They are hidden from the system's count, which can't be waited for in a
/// system of the user's: here they are counted. Each is an `ending_actor`. Threads: any. Outlives them.
class runtime_actors {
public:
  caf::actor keep(caf::actor part);
  /// It has ended, and another one takes its place.
  void forget(const caf::actor& part);
  bool has(caf::actor_id which) const;
  /// All of them, the last that was kept first.
  void ask_to_end();
  /// Returns false if some haven't ended by then.
  bool wait_over(waits& how, time_point until);

private:
  mutable std::mutex mutex_; // what follows
  std::condition_variable changed_;
  std::vector<caf::actor> kept_; // in order of starting
  std::size_t alive_ = 0;        // how many of them have not ended
};

/// One that is made when first asked for, and anew after its end. Threads: any.
class actor_on_demand {
public:
  /// `make(former)`: another one in place of that, which is null at first.
  template <class Make>
  caf::actor get(Make make) {
    const std::lock_guard lock{mutex_};
    if (!actor_ || over_.exchange(false))
      actor_ = make(actor_);
    return actor_;
  }
  void note_over() noexcept { over_ = true; }

private:
  std::mutex mutex_; // what follows
  caf::actor actor_;
  std::atomic<bool> over_{false};
};

} // namespace taskactor::detail
