/// The actor that stands for a service's name: it hands on what it is sent to the actor that runs.
#pragma once

#include "caf_adapter/compat_actor.hpp"

#include <taskactor/actors/service_options.hpp>

#include <memory>

namespace taskactor::detail {

class service_registry;
struct service_node;

class service_name final : public light_actor {
  TASKACTOR_ACTOR_OF_MAIL

public:
  service_name(caf::actor_config& config, std::shared_ptr<service_registry> registry, service_node& which,
               when_down how);
  const char* name() const override { return "taskactor.service"; }
  void on_mail(caf::mailbox_element_ptr mail);
  /// It stands for nothing any more: monitors are told.
  void end();

private:
  std::shared_ptr<service_registry> registry_;
  service_node& node_;
  when_down how_;
};

} // namespace taskactor::detail

namespace caf {
template <>
struct infer_handle_from_class<taskactor::detail::service_name> {
  using type = strong_actor_ptr;
  static constexpr spawn_mode mode = spawn_mode::clazz;
};
} // namespace caf
