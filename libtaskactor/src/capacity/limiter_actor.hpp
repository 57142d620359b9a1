/// The actor that lends tokens: maps messages to the rules in `limiter.hpp`, and monitors who holds its
/// tokens.
#pragma once

#include "base/deadline_heap.hpp"
#include "caf_adapter/service_actor.hpp"
#include "capacity/limiter.hpp"
#include "lifecycle/manager_messages.hpp"

#include <optional>
#include <unordered_map>

namespace taskactor::detail {

class limiter_actor final : public service_actor {
public:
  limiter_actor(caf::actor_config& config, std::size_t capacity, std::optional<rate> allowed);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.limiter"; }
  void on_exit() override { holders_.clear(); } // they hold this actor in turn

private:
  holder_id sender();
  void tell(const limiter::notices& what);
  time_point now();

  limiter limiter_;
  alarm alarm_; // for the bucket's next token
  std::unordered_map<holder_id, caf::actor> holders_;
};

} // namespace taskactor::detail
