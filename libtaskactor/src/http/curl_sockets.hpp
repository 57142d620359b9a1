/// `curl_sockets`: libcurl's sockets in epoll. One that it doesn't ask for any more is taken out at once: not
/// each end of one is told by a callback, and its number is soon another one's. Threads: one.
#pragma once

#include "base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

#include <curl/curl.h>
#include <sys/epoll.h>

namespace taskactor::detail {

class curl_sockets {
public:
  /// The token of what isn't a socket.
  static constexpr int wakeup = -1;

  /// Errors: `std::system_error`.
  explicit curl_sockets(const unique_fd& wakeup);
  /// Of libcurl: what it wants to know of it.
  void want(curl_socket_t fd, int what) noexcept;
  /// At most so long, in milliseconds; negative: for ever. How many are in `into`.
  std::size_t wait(std::span<epoll_event> into, int milliseconds) noexcept;
  /// What to tell libcurl of it, as CURL_CSELECT_...
  static int told(const epoll_event& event) noexcept;

private:
  unique_fd epoll_;
};

} // namespace taskactor::detail
