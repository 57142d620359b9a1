#include <taskactor/service/service.hpp>

#include "service_book.hpp"

#include <caf/all.hpp>

namespace taskactor {

const std::string& service::path() const noexcept { return node_->path; }
service_info service::info() const { return book_->info(*node_); }
caf::actor service::actor() const { return book_->name_of(*node_, how_); }

} // namespace taskactor
