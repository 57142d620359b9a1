#include "http/curl_sockets.hpp"

#include <cerrno>
#include <system_error>

namespace taskactor::detail {

namespace {

std::uint32_t events_of(int what) noexcept {
  switch (what) {
  case CURL_POLL_IN:
    return EPOLLIN;
  case CURL_POLL_OUT:
    return EPOLLOUT;
  case CURL_POLL_INOUT:
    return EPOLLIN | EPOLLOUT;
  default:
    return 0;
  }
}

} // namespace

curl_sockets::curl_sockets(const unique_fd& wakeup_fd)
    : epoll_(own(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = wakeup}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_fd.get(), &event) != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

/// Without room in epoll the transfer stands still until its time is up: libcurl can't be told.
void curl_sockets::want(curl_socket_t fd, int what) noexcept {
  epoll_event event{.events = events_of(what), .data = {.fd = fd}};
  if (event.events == 0)
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  else if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

std::size_t curl_sockets::wait(std::span<epoll_event> into, int milliseconds) noexcept {
  const int count = ::epoll_wait(epoll_.get(), into.data(), static_cast<int>(into.size()), milliseconds);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

int curl_sockets::told(const epoll_event& event) noexcept {
  int what = 0;
  if ((event.events & (EPOLLIN | EPOLLHUP)) != 0)
    what |= CURL_CSELECT_IN;
  if ((event.events & EPOLLOUT) != 0)
    what |= CURL_CSELECT_OUT;
  if ((event.events & EPOLLERR) != 0)
    what |= CURL_CSELECT_ERR;
  return what;
}

} // namespace taskactor::detail
