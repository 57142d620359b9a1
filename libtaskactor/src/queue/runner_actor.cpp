#include "queue/runner_actor.hpp"

#include "lifecycle/manager_core.hpp"
#include "queue/job_task.hpp"
#include "queue/runner_core.hpp"
#include "queue/runner_host.hpp"
#include "threads/waits.hpp"

#include <taskactor/manager_options.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace taskactor::detail {

runner_actor::runner_actor(caf::actor_config& config, std::shared_ptr<runner_host> host)
    : service_actor(config), host_(std::move(host)), core_(std::make_unique<runner_core>(*host_)) {
  when_asked_to_end(*this, [this](caf::exit_msg&) { // its manager shuts down: that one's stages are its own
    if (core_)
      core_->begin_stop({.drain = no_timeout, .cancel = no_timeout, .kill = no_timeout});
    turn();
  });
}

runner_actor::~runner_actor() = default;

caf::behavior runner_actor::make_behavior() {
  return {[this](runner_turn) { turn(); },
          [this](const alarm_rang& rung) {
            alarm_.rang(rung.due);
            turn();
          }};
}

void runner_actor::turn() {
  if (!core_)
    return;
  auto due = core_->turn(host_->take());
  if (core_->end().over) {
    quit();
    return;
  }
  auto& clock = host_->home().system().clock();
  if (due == time_point::max())
    return;
  // An alarm keeps what it goes to, and with that its thread, which the end of the actor system waits for.
  constexpr std::chrono::milliseconds longest{250};
  if (!host_->home().waits().is_virtual())
    due = std::min(due, after(clock.now(), longest));
  if (const auto at = alarm_.arm(due, [&] { return clock.now(); }))
    post_at(clock, *at, caf::actor_cast<caf::strong_actor_ptr>(this), alarm_rang{*at});
}

/// Also when it is killed: then what it runs is cancelled, since nobody would tell the store.
void runner_actor::on_exit() {
  if (!core_)
    return;
  const bool clean = core_->end().clean;
  core_->leave_behind();
  core_.reset();
  const auto host
      = std::move(host_); // an alarm may keep this actor for a while, which isn't to keep the store
  host->over(clean);
}

} // namespace taskactor::detail
