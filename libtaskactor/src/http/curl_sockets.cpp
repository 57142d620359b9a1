#include "http/curl_sockets.hpp"

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include <unistd.h>

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

/// Without room in epoll, or memory, the transfer stands still until its time is up: libcurl can't be told.
void curl_sockets::want(curl_socket_t fd, int what) noexcept {
  const auto place = static_cast<std::size_t>(fd);
  try {
    if (place >= entries_.size())
      entries_.resize(place + 1);
  } catch (const std::bad_alloc&) {
    return;
  }
  auto& one = entries_[place];
  one.wanted = events_of(what);
  if (one.wanted == 0 || one.in_epoll == one.wanted)
    return;
  epoll_event event{.events = one.wanted, .data = {.fd = fd}};
  const int how = one.in_epoll == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_.get(), how, fd, &event) == 0)
    one.in_epoll = one.wanted;
}

int curl_sockets::close(curl_socket_t fd) noexcept {
  if (const auto place = static_cast<std::size_t>(fd); place < entries_.size()) {
    if (entries_[place].in_epoll
        != 0) // closing alone is not enough: a copy that a fork holds would keep it in
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    entries_[place] = {};
  }
  return ::close(fd);
}

std::size_t curl_sockets::wait(std::span<epoll_event> into, int milliseconds) noexcept {
  const int count = ::epoll_wait(epoll_.get(), into.data(), static_cast<int>(into.size()), milliseconds);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

int curl_sockets::told(const epoll_event& event) noexcept {
  auto& one = entries_[static_cast<std::size_t>(event.data.fd)];
  if (one.wanted == 0) { // a kept connection has something to tell: it is told when it is used again
    if (std::exchange(one.in_epoll, 0) != 0)
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, event.data.fd, nullptr);
    return 0;
  }
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
