#include <taskactor/actors/service.hpp>

#include "services/service_registry.hpp"

#include <caf/all.hpp>

namespace taskactor {

const std::string& service::path() const noexcept { return node_->path; }
service_info service::info() const { return registry_->info(*node_); }
caf::actor service::actor() const { return registry_->name_of(*node_, how_); }

} // namespace taskactor
