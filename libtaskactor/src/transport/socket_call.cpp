#include "transport/socket_call.hpp"

#include "transport/socket_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>

namespace taskactor::detail {

namespace {

using steady = std::chrono::steady_clock;

/// False: time is up, or `wakeup_fd` was written. Without a socket it waits for these alone.
bool wait_writable(int socket, const unique_fd& wakeup_fd, steady::time_point until) {
  std::array<pollfd, 2> both{{{wakeup_fd.get(), POLLIN, 0}, {socket, POLLOUT, 0}}};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    if (left <= 0)
      return false;
    const int ready = ::poll(both.data(), both.size(), static_cast<int>(std::min<long long>(left, 60'000)));
    if (both[0].revents != 0 || (ready < 0 && errno != EINTR))
      return false;
    if (ready > 0)
      return true;
  }
}

/// 0, or why it isn't connected.
int connect_within(int socket, const socket_address& address, const unique_fd& wakeup_fd,
                   steady::time_point until) {
  constexpr std::chrono::milliseconds pause{5};
  while (::connect(socket, address.get(), address.size) != 0) {
    if (errno == EAGAIN && steady::now() < until) { // of a Unix socket: too many wait to be accepted
      wait_writable(-1, wakeup_fd, std::min(until, steady::now() + pause));
      continue;
    }
    if (errno != EINPROGRESS && errno != EINTR)
      return errno == EAGAIN ? ETIMEDOUT : errno;
    if (!wait_writable(socket, wakeup_fd, until))
      return ETIMEDOUT;
    int error = 0;
    socklen_t length = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
  }
  return 0;
}

socket_call_result failed(std::string address, int error) {
  auto what = link_end::not_reached;
  auto text = std::generic_category().message(error);
  if (error == ETIMEDOUT) {
    what = link_end::timed_out;
    text = "it doesn't answer";
  } else if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    what = link_end::no_resources;
  }
  text = address + ": " + text;
  return {{}, std::move(address), {what, std::move(text)}};
}

socket_call_result call_one(const socket_address& address, std::string name, const unique_fd& wakeup_fd,
                            steady::time_point until) {
  auto made = make_socket(address.storage.ss_family);
  if (!made)
    return failed(std::move(name), errno);
  if (const int error = connect_within(made.get(), address, wakeup_fd, until))
    return failed(std::move(name), error);
  return {std::move(made), std::move(name), {}};
}

} // namespace

socket_call_result call_socket(const link_address& to, steady::time_point until, bool only_local,
                               const unique_fd& wakeup_fd) {
  std::string failure = "it has no address of this machine";
  auto all = resolve(to, false, failure);
  if (only_local)
    std::erase_if(all, [](const auto& each) { return !each.is_loopback(); });
  socket_call_result result{{}, to.text(), {link_end::not_reached, to.text() + ": " + failure}};
  auto left = static_cast<int>(all.size());
  for (const auto& each : all) {
    const auto now = steady::now();
    result = call_one(each, to.path.empty() ? each.readable().text() : to.text(), wakeup_fd,
                      now + (until - now) / left--);
    if (result.socket)
      break;
  }
  return result;
}

} // namespace taskactor::detail
