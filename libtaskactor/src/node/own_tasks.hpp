/// The tasks that every node has of itself: "taskactor.nodes", ".status", ".services", ".cancel". They
/// are answered at once, however full the node is, and are subject to rights as all.
#pragma once

#include "node/node_ports.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

class node_host;

/// Empty: it is none of these. Errors: `std::bad_alloc`.
std::optional<inbound_result> run_own_task(node_host& host, std::string_view name,
                                           const std::string& arguments);

} // namespace taskactor::detail
