#include "scheduler/scheduler_actor.hpp"

#include "lifecycle/manager_core.hpp"
#include "scheduler/scheduler_host.hpp"
#include "threads/waits.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace taskactor::detail {

scheduler_actor::scheduler_actor(caf::actor_config& config, std::shared_ptr<scheduler_host> host)
    : service_actor(config), host_(std::move(host)) {
  when_asked_to_end(*this, [this](caf::exit_msg&) { // its manager shuts down
    if (host_)
      host_->close_elsewhere("the manager shuts down");
    turn();
  });
}

caf::behavior scheduler_actor::make_behavior() {
  return {[this](scheduler_turn) { turn(); },
          [this](const alarm_rang& rung) {
            alarm_.rang(rung.due);
            turn();
          }};
}

void scheduler_actor::turn() {
  if (!host_)
    return;
  const auto next = host_->turn();
  if (next.over) {
    quit();
    return;
  }
  if (next.due == time_point::max())
    return;
  // So late is a clock noticed that was set forward. And an alarm keeps what it goes to, and with that its
  // thread, which the end of the actor system waits for. A test says when it has set the clock.
  constexpr std::chrono::milliseconds longest{250};
  auto& clock = next.home->system().clock();
  auto due = next.due;
  if (!next.home->waits().is_virtual())
    due = std::min(due, after(clock.now(), longest));
  if (const auto at = alarm_.arm(due, [&] { return clock.now(); }))
    post_at(clock, *at, caf::actor_cast<caf::strong_actor_ptr>(this), alarm_rang{*at});
}

/// Also when it is killed.
void scheduler_actor::on_exit() {
  if (const auto host = std::exchange(host_, nullptr))
    host->close_elsewhere("its actor has ended");
}

} // namespace taskactor::detail
