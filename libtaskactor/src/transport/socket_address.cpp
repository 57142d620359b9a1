#include "transport/socket_address.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace taskactor::detail {

namespace {

socket_address unix_address(const link_address& what) {
  socket_address result;
  auto& address = reinterpret_cast<sockaddr_un&>(result.storage);
  address.sun_family = AF_UNIX;
  what.path.copy(address.sun_path, sizeof address.sun_path - 1);
  result.size = sizeof address;
  return result;
}

} // namespace

bool socket_address::is_loopback() const {
  if (storage.ss_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr) >> 24U == IN_LOOPBACKNET;
  if (storage.ss_family == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr) != 0;
  return storage.ss_family == AF_UNIX;
}

link_address socket_address::readable() const {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(get(), size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV)
      != 0)
    return {};
  return {.host = host.data(), .port = static_cast<std::uint16_t>(std::strtoul(port.data(), nullptr, 10))};
}

std::vector<socket_address> resolve(const link_address& what, bool to_listen, std::string& failure) {
  if (!what.path.empty())
    return {unix_address(what)};
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const auto port = std::to_string(what.port);
  const auto* const host = what.host.empty() ? nullptr : what.host.c_str();
  if (const int error = ::getaddrinfo(host, port.c_str(), &wanted, &found)) {
    failure = error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error);
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, ::freeaddrinfo};
  std::vector<socket_address> result;
  for (const auto* each = found; each; each = each->ai_next) {
    auto& made = result.emplace_back();
    std::memcpy(&made.storage, each->ai_addr, each->ai_addrlen);
    made.size = each->ai_addrlen;
  }
  return result;
}

} // namespace taskactor::detail
