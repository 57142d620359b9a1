#include "transport/socket.hpp"

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

owned_socket make_wakeup_fd() {
  owned_socket wakeup_fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wakeup_fd)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  return wakeup_fd;
}

void wake(const owned_socket& wakeup_fd) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_fd.number(), &one, sizeof one);
}

} // namespace taskactor::detail
