/// Sockets of links. Each is close-on-exec and non-blocking; TCP sends at once
/// (TCP_NODELAY).
#pragma once

#include "base/unique_fd.hpp"

namespace taskactor::detail {

/// Without one: errno.
unique_fd make_socket(int family);
void send_at_once(const unique_fd& which) noexcept;

/// An eventfd: what it is told, whoever polls it sees, again and again. Errors: `std::system_error`.
unique_fd make_wakeup_fd();
void wake(const unique_fd& wakeup_fd) noexcept;

} // namespace taskactor::detail
