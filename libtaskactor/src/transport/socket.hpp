/// A socket of a link, closed when its owner goes. Each is close-on-exec and non-blocking; TCP sends at once
/// (TCP_NODELAY).
#pragma once

#include <utility>

namespace taskactor::detail {

class owned_socket {
public:
  owned_socket() noexcept = default;
  explicit owned_socket(int number) noexcept : number_(number) {}
  owned_socket(owned_socket&& other) noexcept : number_(other.release()) {}
  owned_socket& operator=(owned_socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~owned_socket();
  int number() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }
  explicit operator bool() const noexcept { return number_ >= 0; }

private:
  int number_ = -1;
};

/// Without one: errno.
owned_socket make_socket(int family);
void send_at_once(const owned_socket& which) noexcept;

/// An eventfd: what it is told, whoever polls it sees, again and again. Errors: `std::system_error`.
owned_socket make_wakeup_fd();
void wake(const owned_socket& wakeup_fd) noexcept;

} // namespace taskactor::detail
