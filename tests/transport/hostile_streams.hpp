/// What somebody may send to a port of links who means no good, or is broken: made of a seed.
#pragma once

#include "loopback.hpp"

#include "transport/frame.hpp"
#include "transport/tls/tls_credentials.hpp"
#include "transport/tls/tls_session.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

namespace ta = taskactor::detail;

/// A socket at 127.0.0.1 that waits for nothing longer than a second.
class raw_caller {
public:
  explicit raw_caller(std::uint16_t port) : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = loopback(port);
    connected_ = ::connect(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  raw_caller(raw_caller&& other) noexcept
      : number_(std::exchange(other.number_, -1)), connected_(other.connected_) {}
  raw_caller& operator=(raw_caller&&) = delete;
  ~raw_caller() {
    if (number_ >= 0)
      ::close(number_);
  }
  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0)
        return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void say_no_more() { ::shutdown(number_, SHUT_WR); }
  /// What has come, or nothing: the end, or a second.
  std::string receive(int milliseconds = 1000) {
    pollfd ready{number_, POLLIN, 0};
    std::string bytes(65536, '\0');
    const auto count
        = ::poll(&ready, 1, milliseconds) == 1 ? ::recv(number_, bytes.data(), bytes.size(), 0) : 0;
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return bytes;
  }
  std::string receive_all(int milliseconds = 1000) {
    std::string all, more;
    while (!(more = receive(milliseconds)).empty())
      all += more;
    return all;
  }

private:
  int number_;
  bool connected_ = false;
};

class hostile_streams {
public:
  explicit hostile_streams(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t most) { return random_() % most; }
  std::string random_bytes(std::size_t most) {
    std::string bytes(below(most) + 1, '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random_()); });
    return bytes;
  }
  std::string truncated(std::string bytes) {
    bytes.resize(below(bytes.size()));
    return bytes;
  }
  std::string flipped(std::string bytes) {
    for (std::size_t i = 0, count = below(4) + 1; i < count && !bytes.empty(); ++i)
      bytes[below(bytes.size())] ^= static_cast<char>(1U << below(8));
    return bytes;
  }
  static std::string conversation() {
    return ta::make_frame({"taskactor", 1}) + ta::make_frame("hello")
           + ta::make_frame({{"call", {1, "name", {1, 2, 3}}}}) + ta::make_frame(std::string(500, 'x'));
  }
  /// Made with thought.
  std::string clever() {
    const auto greeting = ta::make_frame({"taskactor", 1});
    const std::vector<std::string> all{
        std::string(4, '\0'),
        std::string("\0\0\4\0", 4) + std::string(1024, '\x81'), // arrays in one another
        std::string("\0\0\0\5\x9A\xFF\xFF\xFF\xFF", 9),         // an array of 4 Gi items
        std::string("\0\0\0\5\x5A\xFF\xFF\xFF\xFF", 9),
        std::string("\0\0\4\1", 4),
        std::string("\xFF\xFF\xFF\xFF"),
        ta::make_frame({"taskactor", 2}),
        ta::make_frame({"taskactor"}),
        ta::make_frame({"taskactor", "1"}),
        ta::make_frame({"refused", "x", std::string(900, '\x1B')}),
        ta::make_frame(nlohmann::json::array()),
        ta::make_frame(nlohmann::json::object()),
        ta::make_frame(1.5),
        greeting + greeting + greeting,
        greeting + std::string("\xFF\xFF\xFF\xFF"),
        greeting + std::string(4, '\0'),
        greeting + std::string("\1\0\0\1", 4) + std::string(100, 'x'),
        greeting + std::string("\0\xFF\xFF\xFF", 4), // announced, and never sent
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        std::string("\x16\x03\x01\x40\1", 5) + std::string(16385, '\1'), // a record that is too long
        std::string("\x15\x03\x03\0\2\2\x28", 7),
        std::string("\x17\x03\x03\0\x20", 5) + std::string(32, 'x'), // data before any handshake
        std::string("\x14\x03\x03\0\1\1", 6),
        std::string("\x80\x2E\1\3\1", 5), // as SSL 2 began
    };
    return all[below(all.size())];
  }
  std::string any() {
    switch (below(4)) {
    case 0:
      return random_bytes(4096);
    case 1:
      return truncated(conversation());
    case 2:
      return flipped(conversation());
    default:
      return clever();
    }
  }
  /// What a caller with TLS begins with.
  std::string client_hello(const std::shared_ptr<ssl_ctx_st>& with) {
    ta::tls_session tls{with, ta::link_role::calling, "alpha"};
    tls.begin();
    auto bytes = tls.take_output();
    switch (below(3)) {
    case 0:
      return bytes;
    case 1:
      return truncated(std::move(bytes));
    default:
      return flipped(std::move(bytes));
    }
  }

private:
  std::mt19937 random_;
};

/// One stream without TLS, or without a certificate.
inline void attack_bare(hostile_streams& with, std::uint16_t port, const std::shared_ptr<ssl_ctx_st>& tls) {
  raw_caller caller{port};
  caller.send(tls && with.below(3) == 0 ? with.client_hello(tls) : with.any());
  if (with.below(4) != 0)
    caller.say_no_more();
  if (with.below(2) == 0)
    caller.receive(with.below(20) == 0 ? 20 : 2);
}

/// One with TLS: a whole handshake (if the context has a certificate that is believed), then harm; or harm in
/// the middle of it.
inline void attack_tls(hostile_streams& with, std::uint16_t port,
                       const std::shared_ptr<ssl_ctx_st>& context) {
  raw_caller caller{port};
  ta::tls_session tls{context, ta::link_role::calling, "alpha"};
  std::string plain;
  tls.begin();
  caller.send(tls.take_output());
  while (!tls.established() && !tls.fault()) {
    const auto bytes = caller.receive();
    if (bytes.empty())
      return;
    tls.take(bytes, plain);
    if (with.below(10) == 0) // the end of the handshake is spoilt
      return caller.send(with.below(2) == 0 ? with.flipped(tls.take_output())
                                            : with.truncated(tls.take_output() + ' '));
    caller.send(tls.take_output());
  }
  if (tls.fault())
    return;
  tls.send(with.any());
  auto bytes = tls.take_output();
  if (with.below(4) == 0)
    bytes = with.below(2) == 0 ? with.flipped(std::move(bytes)) : with.truncated(std::move(bytes));
  caller.send(bytes);
  if (with.below(4) == 0)
    caller.send(with.random_bytes(1000)); // what is no record
  if (with.below(4) == 0)
    tls.finish();
  caller.send(tls.take_output());
  if (with.below(4) != 0)
    caller.say_no_more();
  if (with.below(2) == 0)
    caller.receive(2);
}

} // namespace test
