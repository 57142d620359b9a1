/// One run of a child, as it and its supervisor know it.
#pragma once

#include "services/service_registry.hpp"

#include <taskactor/actors/service_start.hpp>

#include <caf/actor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>

namespace taskactor::detail {

struct child_run {
  caf::actor supervisor;
  std::size_t child;
  std::uint64_t run;
  std::shared_ptr<service_registry> registry;
  service_node* node;
  std::stop_source stop{};
};

} // namespace taskactor::detail
