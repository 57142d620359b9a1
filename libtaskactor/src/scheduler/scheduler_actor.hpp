/// The actor of a scheduler: has `scheduler_host` its turns, and wakes it when the next fire is due. None of
/// the users' code runs on it.
#pragma once

#include "base/deadline_heap.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/service_actor.hpp"
#include "lifecycle/manager_messages.hpp"
#include "scheduler/scheduler_messages.hpp"

#include <memory>

namespace taskactor::detail {

class scheduler_host;

class scheduler_actor final : public service_actor {
public:
  scheduler_actor(caf::actor_config& config, std::shared_ptr<scheduler_host> host);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.scheduler"; }
  void on_exit() override;

private:
  void turn();

  std::shared_ptr<scheduler_host> host_; // null: it has ended, which an alarm may outlive
  alarm alarm_;
};

} // namespace taskactor::detail
