/// The actor of a scheduler: has its `turn_host` its turns, and wakes it when the next one is due. None of
/// the users' code runs on it.
#pragma once

#include "base/deadline_heap.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/service_actor.hpp"
#include "lifecycle/manager_messages.hpp"
#include "scheduler/scheduler_messages.hpp"
#include "scheduler/turn_host.hpp"

#include <memory>

namespace taskactor::detail {

class manager_core;

class scheduler_actor final : public service_actor {
public:
  /// `name`: of the actor, for as long as the program.
  scheduler_actor(caf::actor_config& config, std::shared_ptr<turn_host> host, const char* name);
  caf::behavior make_behavior() override;
  const char* name() const override { return name_; }
  void on_exit() override;

private:
  void turn();

  const char* const name_;
  std::shared_ptr<turn_host> host_; // null: it has ended, which an alarm may outlive
  alarm alarm_;
};

/// With a thread of its own, but in virtual time and in a manager that is run by hand. Errors:
/// `std::system_error`: there is none for `what` ("a scheduler").
caf::actor start_turns(manager_core& home, const std::shared_ptr<turn_host>& host, const char* name,
                       const char* what);

} // namespace taskactor::detail
