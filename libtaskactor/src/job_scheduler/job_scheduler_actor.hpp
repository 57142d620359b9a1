/// The actor of a job scheduler: has `job_scheduler_host` its turns, and wakes it when something may be due.
/// None of the users' code runs on it.
#pragma once

#include "base/deadline_heap.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/service_actor.hpp"
#include "job_scheduler/job_scheduler_messages.hpp"
#include "lifecycle/manager_messages.hpp"

#include <memory>

namespace taskactor::detail {

class job_scheduler_host;

class job_scheduler_actor final : public service_actor {
public:
  job_scheduler_actor(caf::actor_config& config, std::shared_ptr<job_scheduler_host> host);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.job_scheduler"; }
  void on_exit() override;

private:
  void turn();

  std::shared_ptr<job_scheduler_host> host_; // null: it has ended, which an alarm may outlive
  alarm alarm_;
};

} // namespace taskactor::detail
