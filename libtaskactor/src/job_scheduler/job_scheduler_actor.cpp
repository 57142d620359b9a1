#include "job_scheduler/job_scheduler_actor.hpp"

#include "job_scheduler/job_scheduler_host.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/waits.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace taskactor::detail {

job_scheduler_actor::job_scheduler_actor(caf::actor_config& config, std::shared_ptr<job_scheduler_host> host)
    : service_actor(config), host_(std::move(host)) {
  when_asked_to_end(*this, [this](caf::exit_msg&) { // its manager shuts down
    if (host_)
      host_->close();
    turn();
  });
}

caf::behavior job_scheduler_actor::make_behavior() {
  return {[this](job_scheduler_turn) { turn(); },
          [this](const alarm_rang& rung) {
            alarm_.rang(rung.due);
            turn();
          }};
}

void job_scheduler_actor::turn() {
  if (!host_)
    return;
  const auto next = host_->turn();
  if (next.over) {
    quit();
    return;
  }
  if (next.due == time_point::max())
    return;
  // An alarm keeps what it goes to, and with that its thread, which the end of the actor system waits for.
  constexpr std::chrono::milliseconds longest{250};
  auto& clock = next.home->system().clock();
  auto due = next.due;
  if (!next.home->waits().is_virtual())
    due = std::min(due, after(clock.now(), longest));
  if (const auto at = alarm_.arm(due, [&] { return clock.now(); }))
    post_at(clock, *at, caf::actor_cast<caf::strong_actor_ptr>(this), alarm_rang{*at});
}

/// Also when it is killed.
void job_scheduler_actor::on_exit() {
  if (const auto host = std::exchange(host_, nullptr))
    host->close();
}

} // namespace taskactor::detail
