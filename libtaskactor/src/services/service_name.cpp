#include "services/service_name.hpp"

#include "services/service_registry.hpp"

#include <utility>

namespace taskactor::detail {

service_name::service_name(caf::actor_config& config, std::shared_ptr<service_registry> registry,
                           service_node& which, when_down how)
    : light_actor(config), registry_(std::move(registry)), node_(which), how_(how) {}

void service_name::on_mail(caf::mailbox_element_ptr mail) { registry_->route(node_, how_, std::move(mail)); }

void service_name::end() { cleanup(caf::error{}, nullptr); }

} // namespace taskactor::detail
