/// A socket to a server on loopback, for what is to be seen of HTTP without a client of HTTP.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace test {

/// Blocks, at most 20 s. Errors: `std::runtime_error`.
class raw_connection {
public:
  explicit raw_connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    constexpr timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      throw std::runtime_error{"can't connect"};
    }
  }
  raw_connection(const raw_connection&) = delete;
  raw_connection& operator=(const raw_connection&) = delete;
  ~raw_connection() { ::close(fd_); }

  /// False: the other end is gone.
  bool send(std::string_view text) {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// At least so many bytes, or what there was before the end.
  std::string receive(std::size_t least) {
    std::string all;
    char buffer[4096];
    while (all.size() < least) {
      const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
      was_reset_ = got < 0;
      if (got <= 0)
        break;
      all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
  }
  /// Until the other end has closed.
  std::string receive_all() { return receive(std::string{}.max_size()); }
  /// The last `receive` ended by that.
  bool was_reset() const { return was_reset_; }

private:
  int fd_;
  bool was_reset_ = false;
};

} // namespace test
