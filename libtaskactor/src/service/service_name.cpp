#include "service_name.hpp"

#include "service_book.hpp"

#include <utility>

namespace taskactor::detail {

service_name::service_name(caf::actor_config& config, std::shared_ptr<service_book> book, service_node& which,
                           if_down how)
    : light_actor(config), book_(std::move(book)), node_(which), how_(how) {}

void service_name::on_mail(caf::mailbox_element_ptr mail) { book_->route(node_, how_, std::move(mail)); }

void service_name::end() { cleanup(caf::error{}, nullptr); }

} // namespace taskactor::detail
