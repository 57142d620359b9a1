#include "events/stderr_sink.hpp"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/uio.h>

namespace taskactor::detail {

namespace {

constexpr std::chrono::seconds patience_at_the_end{1};

std::string_view color_of(spdlog::level::level_enum level) noexcept {
  switch (level) {
  case spdlog::level::debug:
    return "\033[36m";
  case spdlog::level::info:
    return "\033[32m";
  case spdlog::level::warn:
    return "\033[33m\033[1m";
  case spdlog::level::err:
    return "\033[31m\033[1m";
  case spdlog::level::critical:
    return "\033[1m\033[41m";
  default:
    return "\033[37m";
  }
}

/// A few bytes that are said to fit. Others may write to the same pipe in between, so the kernel is asked not
/// to wait, where it can be (pipes since Linux 6.4).
ssize_t write_without_waiting(int fd, std::string_view bytes) noexcept {
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1)
    return 0;
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()}; // NOLINT: it is only read
  const auto size = ::pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);
  if (size >= 0 || errno == EAGAIN || errno == EINTR)
    return std::max<ssize_t>(size, 0);
  const auto plain = ::write(fd, bytes.data(), bytes.size());
  return plain < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : plain;
}

} // namespace

struct stderr_sink::kept {
  int fd = -1;
  std::mutex mutex; // what follows
  std::condition_variable written;
  std::string bytes;
  std::size_t lost = 0; // lines
  bool drained = false; // there is a thread
};

stderr_sink::stderr_sink(int fd)
    : colors_(::isatty(fd) == 1),
      formatter_(std::make_unique<spdlog::pattern_formatter>()),
      kept_(std::make_shared<kept>()) {
  kept_->fd = fd;
}

stderr_sink::~stderr_sink() {
  std::unique_lock lock{kept_->mutex};
  kept_->written.wait_for(lock, patience_at_the_end, [this] { return !kept_->drained; });
  if (kept_->drained)
    return;
  for (std::string_view rest = kept_->bytes; !rest.empty();) { // there was no thread to write them
    const auto size = write_without_waiting(kept_->fd, rest.substr(0, PIPE_BUF));
    if (size <= 0)
      return;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
}

void stderr_sink::log(const spdlog::details::log_msg& message) {
  const std::lock_guard lock{kept_->mutex};
  const auto text = text_of(message);
  std::string_view rest = text;
  while (!kept_->drained && kept_->bytes.empty() && !rest.empty()) {
    const auto size = write_without_waiting(kept_->fd, rest.substr(0, PIPE_BUF));
    if (size < 0) // nobody is there to be told
      return;
    if (size == 0)
      break;
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  if (rest.empty())
    return;
  if (kept_->bytes.size() + rest.size() > room) {
    ++kept_->lost;
    return;
  }
  kept_->bytes += rest;
  if (kept_->drained)
    return;
  try {
    std::thread{[what = kept_] { drain(what); }}.detach();
    kept_->drained = true;
  } catch (const std::system_error&) { // the next line may find one
  }
}

void stderr_sink::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void stderr_sink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  const std::lock_guard lock{kept_->mutex};
  formatter_ = std::move(formatter);
}

void stderr_sink::drain(const std::shared_ptr<kept>& what) noexcept {
  std::unique_lock lock{what->mutex};
  for (;;) {
    auto bytes = std::exchange(what->bytes, {});
    if (const auto lost = std::exchange(what->lost, 0))
      bytes += "lines of the log that are lost, since nobody read standard error: " + std::to_string(lost)
               + '\n';
    if (bytes.empty())
      break;
    lock.unlock();
    for (std::string_view rest = bytes; !rest.empty();) {
      const auto size = ::write(what->fd, rest.data(), rest.size());
      if (size < 0 && errno == EAGAIN) {
        pollfd ready{what->fd, POLLOUT, 0};
        ::poll(&ready, 1, -1);
      } else if (size < 0 && errno != EINTR) {
        break;
      }
      rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    lock.lock();
  }
  what->drained = false;
  what->written.notify_all();
}

std::string stderr_sink::text_of(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  std::string text{line.data(), line.size()};
  if (colors_ && message.color_range_end > message.color_range_start) {
    text.insert(message.color_range_end, "\033[m");
    text.insert(message.color_range_start, color_of(message.level));
  }
  return text;
}

} // namespace taskactor::detail
