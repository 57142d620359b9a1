/// One run of a child, as it and its supervisor know it.
#pragma once

#include "service_book.hpp"

#include <taskactor/service/service_start.hpp>

#include <caf/actor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>

namespace taskactor::detail {

struct start_ticket {
  caf::actor supervisor;
  std::size_t child;
  std::uint64_t run;
  std::shared_ptr<service_book> book;
  service_node* node;
  std::stop_source stop{};
};

} // namespace taskactor::detail
