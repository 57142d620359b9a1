#include "transport/socket_bind.hpp"

#include "transport/socket_address.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr int backlog = 512;

[[noreturn]] void not_bound(const link_address& at, int error, const std::string& why = {}) {
  throw std::system_error{error, std::generic_category(), "can't listen at " + at.text() + why};
}

/// A socket that nobody listens at any more.
bool is_stale(const link_address& at, const socket_address& address) {
  struct stat file {};
  if (::lstat(at.path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode))
    return false;
  const auto probe = make_socket(AF_UNIX);
  return probe && ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

/// Nobody can call it before it is listened at, and then its file is private.
bound_socket bind_unix(const link_address& at) {
  std::string failure;
  const auto address = resolve(at, true, failure).front();
  struct stat file {};
  if (::lstat(at.path.c_str(), &file) == 0) {
    if (!is_stale(at, address))
      not_bound(at, EADDRINUSE, S_ISSOCK(file.st_mode) ? "" : ": there is a file that is no socket");
    ::unlink(at.path.c_str());
  }
  bound_socket result{make_socket(AF_UNIX), at};
  if (!result.socket)
    not_bound(at, errno);
  if (::bind(result.socket.get(), address.get(), address.size) != 0)
    not_bound(at, errno);
  if (::chmod(at.path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::lstat(at.path.c_str(), &file) != 0
      || ::listen(result.socket.get(), backlog) != 0)
    not_bound(at, errno);
  result.device = file.st_dev;
  result.file = file.st_ino;
  return result;
}

/// IPv6 takes IPv4 as well where all addresses are meant.
bound_socket bind_one(const link_address& at, const socket_address& address) {
  bound_socket result{make_socket(address.storage.ss_family), at};
  const int socket = result.socket.get(), yes = 1, only = at.host.empty() ? 0 : 1;
  if (!result.socket)
    not_bound(at, errno);
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
  if (address.storage.ss_family == AF_INET6)
    static_cast<void>(::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only));
  if (::bind(socket, address.get(), address.size) != 0 || ::listen(socket, backlog) != 0)
    not_bound(at, errno);
  socket_address got;
  got.size = sizeof got.storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&got.storage), &got.size) == 0)
    result.address.port = got.readable().port;
  return result;
}

} // namespace

bound_socket bind_socket(const link_address& at, bool only_local) {
  if (!at.path.empty())
    return bind_unix(at);
  std::string failure = "it has no address of this machine";
  auto all = resolve(at, true, failure);
  if (only_local)
    std::erase_if(all, [](const auto& each) { return !each.is_loopback(); });
  if (all.empty())
    throw error{errc::invalid_argument, "can't listen at " + at.text() + ": " + failure};
  // For all addresses the one of IPv6 stands for both, where the system has it.
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    return at.host.empty() && a.storage.ss_family == AF_INET6 && b.storage.ss_family != AF_INET6;
  });
  for (std::size_t i = 0;; ++i)
    try {
      return bind_one(at, all[i]);
    } catch (const std::system_error& error) {
      if (i + 1 == all.size() || error.code() == std::errc::address_in_use)
        throw;
    }
}

void unlink_socket(const bound_socket& bound) noexcept {
  struct stat file {};
  if (!bound.address.path.empty() && ::lstat(bound.address.path.c_str(), &file) == 0
      && file.st_dev == bound.device && file.st_ino == bound.file)
    ::unlink(bound.address.path.c_str());
}

accepted_socket accept_socket(const bound_socket& at) {
  socket_address from;
  from.size = sizeof from.storage;
  accepted_socket result;
  result.socket = unique_fd{::accept4(at.socket.get(), reinterpret_cast<sockaddr*>(&from.storage), &from.size,
                                      SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!result.socket)
    return result;
  if (!at.address.path.empty()) {
    result.address = at.address.text();
  } else {
    send_at_once(result.socket);
    result.address = from.readable().text();
  }
  return result;
}

} // namespace taskactor::detail
