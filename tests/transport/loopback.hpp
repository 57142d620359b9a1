/// Addresses of this machine's own.
#pragma once

#include <cstdint>

#include <netinet/in.h>

namespace test {

/// Of 127.0.0.1.
inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

} // namespace test
