/// Calls an address: the addresses of a name one after the other, within one deadline.
#pragma once

#include "transport/link_address.hpp"
#include "transport/link_reason.hpp"
#include "transport/socket.hpp"

#include <chrono>
#include <string>

namespace taskactor::detail {

struct socket_call_result {
  unique_fd socket;
  std::string address; // that answered, or was tried last
  link_reason failure; // without a socket
};

/// Blocks, at most until `until` or until `wakeup_fd` is written (a resolver keeps its own time).
/// `only_local`: of the addresses that a name has, those of this machine alone.
socket_call_result call_socket(const link_address& to, std::chrono::steady_clock::time_point until,
                               bool only_local, const unique_fd& wakeup_fd);

} // namespace taskactor::detail
