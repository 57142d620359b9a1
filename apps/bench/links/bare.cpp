#include "bare.hpp"

#include "transport/socket_address.hpp"
#include "transport/tls/openssl.hpp"
#include "transport/tls/tls_credentials.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {

using namespace taskactor::detail;

void must(bool done, const char* what) {
  if (!done)
    throw std::runtime_error{std::string{"bare socket: "} + what};
}

sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A connected socket, blocking.
class channel {
public:
  channel(int number, std::shared_ptr<SSL_CTX> context, bool calls) : number_(number) {
    const int yes = 1;
    ::setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!context)
      return;
    ssl_.reset(SSL_new(context.get()));
    SSL_set_fd(ssl_.get(), number_);
    must((calls ? SSL_connect(ssl_.get()) : SSL_accept(ssl_.get())) == 1, "handshake");
  }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  ~channel() { ::close(number_); }

  std::size_t read(char* to, std::size_t most) {
    const auto count = ssl_ ? SSL_read(ssl_.get(), to, static_cast<int>(most)) : ::recv(number_, to, most, 0);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  bool read_all(char* to, std::size_t size) {
    while (size != 0) {
      const auto count = read(to, size);
      if (count == 0)
        return false;
      to += count;
      size -= count;
    }
    return true;
  }
  void write(const char* from, std::size_t size) {
    while (size != 0) {
      const auto count = ssl_ ? SSL_write(ssl_.get(), from, static_cast<int>(size))
                              : ::send(number_, from, size, MSG_NOSIGNAL);
      must(count > 0, "write");
      from += count;
      size -= static_cast<std::size_t>(count);
    }
  }

private:
  int number_;
  ssl_ptr ssl_;
};

/// Keeps this thread on one of its processors, the first or the second. Between machines the other end always
/// has to be woken; on the same processor the kernel just goes on with it, which it does in some runs and in
/// others not.
class kept_apart {
public:
  explicit kept_apart(int which) {
    ::sched_getaffinity(0, sizeof before_, &before_);
    for (int i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &before_) && which-- == 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        ::sched_setaffinity(0, sizeof one, &one);
      }
  }
  kept_apart(const kept_apart&) = delete;
  kept_apart& operator=(const kept_apart&) = delete;
  ~kept_apart() { ::sched_setaffinity(0, sizeof before_, &before_); }

private:
  cpu_set_t before_{};
};

std::shared_ptr<SSL_CTX> context_for(const link_identity& as, bool tls) {
  return tls ? tls_credentials{as}.context() : nullptr;
}

} // namespace

void bare_echo(const link_identity& as, bool tls, std::size_t bytes,
               const std::function<void(std::uint16_t)>& tell) {
  const kept_apart here{1};
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = local(0);
  socklen_t size = sizeof address;
  must(::bind(listening, reinterpret_cast<const sockaddr*>(&address), size) == 0
           && ::listen(listening, 1) == 0
           && ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) == 0,
       "listen");
  tell(ntohs(address.sin_port));
  channel with{::accept(listening, nullptr, nullptr), context_for(as, tls), false};
  std::vector<char> buffer(bytes);
  while (with.read_all(buffer.data(), bytes))
    with.write(buffer.data(), bytes);
  ::close(listening);
}

double bare_round_trips(const link_identity& as, bool tls, std::uint16_t port, std::size_t bytes,
                        std::size_t count) {
  const kept_apart here{0};
  const int calling = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = local(port);
  must(::connect(calling, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  channel with{calling, context_for(as, tls), true};
  const std::string sent(bytes, 'x');
  std::vector<char> got(bytes);
  const auto one = [&] {
    with.write(sent.data(), bytes);
    must(with.read_all(got.data(), bytes), "read");
  };
  for (std::size_t i = 0; i < count / 10 + 1; ++i)
    one();
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i)
    one();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace bench
