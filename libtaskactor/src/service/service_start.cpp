#include "messages.hpp"
#include "start_ticket.hpp"

#include <taskactor/service/service.hpp>

namespace taskactor {

caf::actor_system& service_start::system() const noexcept { return ticket_->book->system(); }
const std::string& service_start::path() const noexcept { return ticket_->node->path; }
std::stop_token service_start::stop_token() const noexcept { return ticket_->stop.get_token(); }

void service_start::ready() const {
  detail::post(ticket_->supervisor, detail::child_ready{ticket_->child, ticket_->run});
}

service service_start::whereis(std::string_view path, if_down how) const {
  auto& book = *ticket_->book;
  return {ticket_->book, book.find(*ticket_->node->parent, path), how};
}

} // namespace taskactor
