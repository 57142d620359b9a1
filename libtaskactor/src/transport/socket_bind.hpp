/// Listens at an address, and accepts who calls.
#pragma once

#include "transport/link_address.hpp"
#include "transport/socket.hpp"

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace taskactor::detail {

struct bound_socket {
  unique_fd socket;
  link_address address; // with the port that it got
  dev_t device = 0;     // of a Unix socket's file
  ino_t file = 0;
};

/// A Unix socket can be called by its owner alone (0600); a stale one in its place is replaced, one that is
/// listened at is not, nor is a file of another kind. `only_local`: of the addresses that a name has, those
/// of this machine alone. Errors: `std::system_error`; its text names the address.
bound_socket bind_socket(const link_address& at, bool only_local);
/// Removes a Unix socket's file, if it is still the one that was bound.
void unlink_socket(const bound_socket& bound) noexcept;

struct accepted_socket {
  explicit operator bool() const { return static_cast<bool>(socket); }
  unique_fd socket;    // without one: errno
  std::string address; // of the other side
};
accepted_socket accept_socket(const bound_socket& at);

} // namespace taskactor::detail
