/// `ending_actor`: an actor whose end somebody waits for, to take away what the actor uses.
///
/// CAF 0.17 calls `on_exit` before the functors that are attached to an actor, 1.x calls it behind them:
/// there whoever was told by such a functor could be gone under an `on_exit` that uses it.
#pragma once

#include "caf_adapter/compat.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::detail {

class ending_actor : public caf::event_based_actor {
public:
  using event_based_actor::event_based_actor;

  /// Calls it once, when no code of the actor's runs any more: on its thread, or here if that was before.
  /// Threads: any.
#if TASKACTOR_CAF_0
  void when_over(std::function<void()> then) {
    attach_functor([then = std::move(then)] { then(); });
  }
#else
  void when_over(std::function<void()> then) {
    {
      const std::lock_guard lock{mutex_};
      if (!over_) {
        waiting_.push_back(std::move(then));
        return;
      }
    }
    then();
  }

protected:
  void on_cleanup(const caf::error& reason) override {
    event_based_actor::on_cleanup(reason); // which calls `on_exit`
    std::vector<std::function<void()>> told;
    {
      const std::lock_guard lock{mutex_};
      over_ = true;
      told.swap(waiting_);
    }
    for (const auto& then : told)
      then();
  }

private:
  std::mutex mutex_; // what follows
  std::vector<std::function<void()>> waiting_;
  bool over_ = false;
#endif
};

/// Of an `ending_actor`.
inline void when_over(const caf::actor& which, std::function<void()> then) {
  static_cast<ending_actor*>(caf::actor_cast<caf::abstract_actor*>(which))->when_over(std::move(then));
}

} // namespace taskactor::detail
