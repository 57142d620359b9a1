#include "base/poller.hpp"

#include <cerrno>
#include <system_error>

namespace taskactor::detail {

poller::poller() : epoll_(own(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void poller::watch(const unique_fd& fd, std::uint32_t events, std::uint64_t token) {
  epoll_event event{.events = events, .data = {.u64 = token}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

/// Without events the end of a pipe would still be told, again and again.
void poller::pause(const unique_fd& fd, std::uint64_t token) noexcept { change(fd, EPOLLONESHOT, token); }
void poller::go_on(const unique_fd& fd, std::uint32_t events, std::uint64_t token) noexcept {
  change(fd, events, token);
}

void poller::change(const unique_fd& fd, std::uint32_t events, std::uint64_t token) noexcept {
  epoll_event event{.events = events, .data = {.u64 = token}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd.get(), &event);
}

void poller::close(unique_fd& fd) noexcept {
  if (!fd)
    return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
  fd.close();
}

std::span<const epoll_event> poller::wait(std::chrono::milliseconds timeout) noexcept {
  const int count = ::epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()),
                                 static_cast<int>(timeout.count()));
  return {ready_.data(), count < 0 ? 0 : static_cast<std::size_t>(count)}; // interrupted: nothing, for now
}

} // namespace taskactor::detail
