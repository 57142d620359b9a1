/// epoll, with a token for each descriptor instead of the descriptor: numbers are used again, tokens never.
#pragma once

#include "base/unique_fd.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include <sys/epoll.h>

namespace taskactor::detail {

class poller {
public:
  /// Errors: `std::system_error`, here and in `watch`.
  poller();
  /// Level-triggered. `events`: EPOLLIN or EPOLLOUT.
  void watch(const unique_fd& fd, std::uint32_t events, std::uint64_t token);
  /// Of one that is watched: nothing more of it, or `watch` goes on.
  void pause(const unique_fd& fd, std::uint64_t token) noexcept;
  void go_on(const unique_fd& fd, std::uint32_t events, std::uint64_t token) noexcept;
  /// Stops watching and closes. Closing alone is not enough: a copy that a fork holds would keep it in.
  void close(unique_fd& fd) noexcept;
  /// What is ready; waits for the first at most that long, negative: for ever.
  std::span<const epoll_event> wait(std::chrono::milliseconds timeout) noexcept;

private:
  void change(const unique_fd& fd, std::uint32_t events, std::uint64_t token) noexcept;

  unique_fd epoll_;
  std::array<epoll_event, 128> ready_;
};

} // namespace taskactor::detail
