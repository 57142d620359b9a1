#include "scheduler/scheduler_actor.hpp"

#include "base/new_thread.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/waits.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace taskactor::detail {

scheduler_actor::scheduler_actor(caf::actor_config& config, std::shared_ptr<turn_host> host, const char* name)
    : service_actor(config), name_(name), host_(std::move(host)) {
  when_asked_to_end(*this, [this](caf::exit_msg&) { // its manager shuts down
    if (host_)
      host_->end_turns("the manager shuts down");
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
    host->end_turns("its actor has ended");
}

caf::actor start_turns(manager_core& home, const std::shared_ptr<turn_host>& host, const char* name,
                       const char* what) {
  const passing_through caller;
  if (home.waits().is_virtual() || home.waits().is_run_by_hand())
    return home.system().spawn<scheduler_actor, caf::hidden>(host, name);
  try {
    return home.system().spawn<scheduler_actor, caf::detached + caf::hidden>(host, name);
  } catch (const std::system_error& error) {
    no_thread(error, what);
  }
}

} // namespace taskactor::detail
