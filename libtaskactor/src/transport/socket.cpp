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

unique_fd make_socket(int family) {
  unique_fd made{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (made && family != AF_UNIX)
    send_at_once(made);
  return made;
}

void send_at_once(const unique_fd& which) noexcept {
  const int yes = 1;
  static_cast<void>(::setsockopt(which.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
}

unique_fd make_wakeup_fd() {
  unique_fd wakeup_fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wakeup_fd)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  return wakeup_fd;
}

void wake(const unique_fd& wakeup_fd) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_fd.get(), &one, sizeof one);
}

} // namespace taskactor::detail
