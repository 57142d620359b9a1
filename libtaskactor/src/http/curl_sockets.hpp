/// `curl_sockets`: libcurl's sockets in epoll.
///
/// A connection that is used again and again stays in epoll while nothing is wanted of it, until it has
/// something to tell: that saves two system calls for each request. So libcurl's sockets are closed here, to
/// know when a number is another one's. Threads: one.
#pragma once

#include "base/unique_fd.hpp"

#include <cstdint>
#include <span>
#include <vector>

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
  int close(curl_socket_t fd) noexcept;
  /// At most so long, in milliseconds; negative: for ever. How many are in `into`.
  std::size_t wait(std::span<epoll_event> into, int milliseconds) noexcept;
  /// What to tell libcurl of it, as CURL_CSELECT_...; empty: nobody asks.
  int told(const epoll_event& event) noexcept;

private:
  struct entry {
    std::uint32_t in_epoll = 0, wanted = 0;
  };

  unique_fd epoll_;
  std::vector<entry> entries_; // by number
};

} // namespace taskactor::detail
