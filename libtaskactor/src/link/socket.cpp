#include "socket.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace taskactor::detail {

owned_socket::~owned_socket() {
  if (number_ >= 0) {
    const int kept = errno;
    ::close(number_);
    errno = kept;
  }
}

owned_socket make_socket(int family) {
  owned_socket made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (made && family != AF_UNIX)
    send_at_once(made);
  return made;
}

void send_at_once(const owned_socket& which) noexcept {
  const int yes = 1;
  static_cast<void>(::setsockopt(which.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
}

owned_socket make_bell() {
  owned_socket bell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!bell)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  return bell;
}

void ring(const owned_socket& bell) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(bell.number(), &one, sizeof one);
}

} // namespace taskactor::detail
