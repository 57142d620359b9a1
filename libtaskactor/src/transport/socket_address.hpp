/// What the system takes for an address.
#pragma once

#include "transport/link_address.hpp"

#include <string>
#include <vector>

#include <sys/socket.h>

namespace taskactor::detail {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool is_loopback() const; // or a Unix socket's
  link_address readable() const;
};

/// Those that a name has; none: `failure` says why. Blocks as long as the resolver takes.
std::vector<socket_address> resolve(const link_address& what, bool to_listen, std::string& failure);

} // namespace taskactor::detail
