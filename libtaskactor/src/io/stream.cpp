#include <taskactor/io/stream.hpp>

#include "base/signal_blocked.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace taskactor {

namespace {

constexpr std::size_t piece = std::size_t{1} << 16; // a pipe's usual capacity

[[noreturn]] void fail(const char* what, int error) {
  throw std::system_error{error, std::generic_category(), what};
}

/// Bytes, 0 at the end; empty: nothing is there for now.
std::optional<std::size_t> read_now(int fd, char* into, std::size_t most) {
  for (;;) {
    const auto got = ::read(fd, into, most);
    if (got >= 0)
      return static_cast<std::size_t>(got);
    if (errno == EAGAIN)
      return std::nullopt;
    if (errno != EINTR)
      fail("read", errno);
  }
}

/// Bytes; 0: there is no room for now.
std::size_t write_now(int fd, const char* from, std::size_t size) {
  const detail::signal_blocked unread{SIGPIPE};
  for (;;) {
    const auto written = ::write(fd, from, size);
    if (written >= 0)
      return static_cast<std::size_t>(written);
    if (errno == EAGAIN)
      return 0;
    if (errno != EINTR)
      fail("write", errno);
  }
}

/// Appends what is there. After an error it is as before.
std::optional<std::size_t> append_now(int fd, std::string& to, std::size_t most) {
  const auto before = to.size();
  to.resize(before + most);
  try {
    const auto got = read_now(fd, to.data() + before, most);
    to.resize(before + got.value_or(0));
    return got;
  } catch (...) {
    to.resize(before);
    throw;
  }
}

/// The same, once there is something. False: the end.
task<bool> read_more(const descriptor& from, std::string& to, std::size_t most) {
  for (;;) {
    if (const auto got = append_now(from.get(), to, most))
      co_return *got != 0;
    co_await readable(from);
  }
}

} // namespace

task<std::string> read_some(const descriptor& from, std::size_t most) {
  if (most == 0)
    throw error{errc::invalid_argument, "read_some: at most zero bytes would be nothing"};
  std::string result;
  co_await read_more(from, result, most);
  co_return result;
}

task<void> write_all(const descriptor& to, std::string bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto written = write_now(to.get(), bytes.data() + at, bytes.size() - at);
    at += written;
    if (written == 0)
      co_await writable(to);
  }
}

line_reader::line_reader(const descriptor& from, std::size_t limit) : from_(&from), limit_(limit) {
  if (limit == 0)
    throw error{errc::invalid_argument, "line_reader: a limit of zero bytes would give nothing"};
}

task<std::optional<std::string>> line_reader::next() {
  for (;;) {
    if (auto line = take_line())
      co_return line;
    if (ended_)
      co_return std::nullopt;
    ahead_.erase(0, std::exchange(begin_, 0));
    searched_ = ahead_.size();
    ended_ = !co_await read_more(*from_, ahead_, piece);
  }
}

task<std::string> line_reader::read_some() {
  auto rest = ahead_.substr(begin_);
  ahead_.clear();
  begin_ = searched_ = 0;
  if (!rest.empty())
    co_return rest;
  co_return co_await taskactor::read_some(*from_);
}

std::optional<std::string> line_reader::take_line() {
  const auto newline = ahead_.find('\n', searched_);
  const auto left = ahead_.size() - begin_;
  const bool whole = newline != ahead_.npos && newline - begin_ <= limit_;
  if (!whole && left <= limit_ && (!ended_ || left == 0))
    return std::nullopt; // what was read by now is searched once: see `next`
  const auto size = whole ? newline - begin_ : std::min(left, limit_);
  auto line = ahead_.substr(begin_, size);
  begin_ += whole ? size + 1 : size;
  searched_ = begin_;
  return line;
}

} // namespace taskactor
