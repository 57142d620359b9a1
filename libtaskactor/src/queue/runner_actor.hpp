/// The actor of a job runner: has `runner_core` its turns, and wakes it at its times. None of the users' code
/// runs on it.
#pragma once

#include "base/deadline_heap.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/service_actor.hpp"
#include "lifecycle/manager_messages.hpp"
#include "queue/runner_messages.hpp"

#include <memory>

namespace taskactor::detail {

class runner_core;
class runner_host;

class runner_actor final : public service_actor {
public:
  runner_actor(caf::actor_config& config, std::shared_ptr<runner_host> host);
  ~runner_actor() override;
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.job_runner"; }
  void on_exit() override;

private:
  void turn();

  std::shared_ptr<runner_host> host_;
  std::unique_ptr<runner_core> core_;
  alarm alarm_;
};

} // namespace taskactor::detail
