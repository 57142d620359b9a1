#include "support/byte_proxy.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace test {

namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un made{};
  made.sun_family = AF_UNIX;
  if (path.size() >= sizeof made.sun_path)
    throw std::runtime_error{"a socket's path is too long: " + path};
  std::memcpy(made.sun_path, path.data(), path.size());
  return made;
}

void close_one(int& descriptor) {
  if (descriptor >= 0)
    ::close(descriptor);
  descriptor = -1;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// PostgreSQL's ReadyForQuery: type, length, and then one letter.
constexpr std::string_view is_ready{"Z\0\0\0\5", 5};
/// Its Sync, with which all that a client sends at once ends.
constexpr std::string_view is_sent{"S\0\0\0\4", 5};

} // namespace

byte_proxy::byte_proxy(std::string server_socket) : server_(std::move(server_socket)) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  wakes_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const auto at = address_of(folder_ / ".s.PGSQL.5432");
  if (listener_ < 0 || wakes_ < 0 || ::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0
      || ::listen(listener_, 64) != 0)
    throw std::runtime_error{std::string{"there is no socket for a proxy: "} + std::strerror(errno)};
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

byte_proxy::~byte_proxy() {
  thread_.request_stop();
  wake();
  thread_.join();
  for (auto& each : links_) {
    close_one(each.client);
    close_one(each.server);
  }
  close_one(listener_);
  close_one(wakes_);
}

void byte_proxy::wake() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakes_, &one, sizeof one);
}

void byte_proxy::arm(proxy_fault what, std::string words, std::size_t times) {
  const std::lock_guard lock{mutex_};
  armed_ = what;
  words_ = std::move(words);
  times_ = times;
}

void byte_proxy::cut() {
  cuts_ = true;
  wake();
  while (cuts_)
    std::this_thread::yield();
}

void byte_proxy::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> all{{wakes_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& each : links_) // one that is negative is passed over
      for (const int which : {each.client, each.server})
        all.push_back({which, POLLIN, 0});
    if (::poll(all.data(), all.size(), -1) < 0)
      continue;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto had = ::read(wakes_, &count, sizeof count);
    std::size_t at = 2;
    const bool cuts = cuts_;
    for (auto each = links_.begin(); each != links_.end(); at += 2) {
      bool goes_on = !cuts;
      if (goes_on && all[at].revents != 0)
        goes_on = from_client(*each);
      if (goes_on && all[at + 1].revents != 0)
        goes_on = from_server(*each);
      if (goes_on) {
        ++each;
        continue;
      }
      close_one(each->client);
      close_one(each->server);
      each = links_.erase(each);
    }
    if (cuts)
      cuts_ = false;
    if (all[1].revents != 0)
      accept_one();
  }
}

void byte_proxy::accept_one() {
  link made;
  made.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  made.server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto to = address_of(server_);
  if (made.client < 0 || made.server < 0
      || ::connect(made.server, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    close_one(made.client);
    close_one(made.server);
    return;
  }
  ++made_;
  links_.push_back(std::move(made));
}

/// The words may come in two pieces.
proxy_fault byte_proxy::fault_of(link& one, std::string_view bytes) {
  const std::lock_guard lock{mutex_};
  if (times_ == 0)
    return proxy_fault::none;
  one.last += bytes;
  const bool found = one.last.find(words_) != std::string::npos;
  if (one.last.size() >= words_.size())
    one.last.erase(0, one.last.size() - words_.size() + 1);
  if (!found)
    return proxy_fault::none;
  --times_;
  ++faults_;
  return armed_;
}

bool byte_proxy::from_client(link& one) {
  std::array<char, 65536> buffer;
  const auto got = ::recv(one.client, buffer.data(), buffer.size(), 0);
  if (got <= 0 && one.fault == proxy_fault::stall) {
    close_one(one.client); // the server isn't told
    return true;
  }
  if (got <= 0)
    return false;
  const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
  if (one.fault == proxy_fault::none)
    one.fault = fault_of(one, bytes);
  if (one.fault == proxy_fault::cut_before)
    return false;
  if (!send_all(one.server, bytes))
    return false;
  if (one.fault == proxy_fault::lose_client && bytes.ends_with(is_sent))
    close_one(one.client);
  return true;
}

bool byte_proxy::from_server(link& one) {
  std::array<char, 65536> buffer;
  const auto got = ::recv(one.server, buffer.data(), buffer.size(), 0);
  if (got <= 0)
    return false;
  const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
  if (one.fault == proxy_fault::none)
    return send_all(one.client, bytes);
  if (one.fault == proxy_fault::stall)
    return true;
  one.answer += bytes;
  const bool is_over = one.answer.find(is_ready) != std::string::npos;
  if (one.answer.size() > is_ready.size())
    one.answer.erase(0, one.answer.size() - is_ready.size());
  return !is_over;
}

} // namespace test
