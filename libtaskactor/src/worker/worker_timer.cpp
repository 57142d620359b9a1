#include "worker/worker_timer.hpp"

#include "caf_adapter/compat_ending.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

class worker_timer_actor final : public ending_actor {
public:
  worker_timer_actor(caf::actor_config& config, worker_timer::handlers calls)
      : ending_actor(config), calls_(std::move(calls)) {}
  caf::behavior make_behavior() override {
    return {[this](const look_for_idle&) { calls_.retire_idle(); },
            [this](const start_again&) { calls_.start_again(); }};
  }
  const char* name() const override { return "taskactor.workers"; }

private:
  const worker_timer::handlers calls_;
};

} // namespace

void worker_timer::retire_idle_at(time_point when) {
  post_at(home_.system().clock(), when, actor(), look_for_idle{});
}

void worker_timer::start_again_at(time_point when) {
  post_at(home_.system().clock(), when, actor(), start_again{});
}

caf::strong_actor_ptr worker_timer::actor() {
  std::call_once(made_, [this] {
    const passing_through caller;
    actor_ = home_.keep(home_.system().spawn<worker_timer_actor, caf::hidden>(calls_));
  });
  return caf::actor_cast<caf::strong_actor_ptr>(actor_);
}

} // namespace taskactor::detail
