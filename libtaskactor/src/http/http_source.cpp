#include "http/http_source.hpp"

#include "base/signal_blocked.hpp"
#include "http/http_client.hpp"

#include <taskactor/http/error.hpp>
#include <taskactor/race.hpp>
#include <taskactor/run_in_thread.hpp>

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_at_once = std::size_t{256} << 10;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw http::error{http::errc::file, path + ": " + what + ": " + std::generic_category().message(errno)};
}

std::shared_ptr<unique_fd> open_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (fd < 0)
    fail(path, (flags & O_CREAT) != 0 ? "it can't be made or written" : "it can't be read");
  return std::make_shared<unique_fd>(own(fd, "open"));
}

/// Opens it, and says how long it is.
std::pair<std::shared_ptr<unique_fd>, std::int64_t> open_source(const std::string& path) {
  auto file = open_file(path, O_RDONLY);
  struct stat found {};
  if (::fstat(file->get(), &found) != 0)
    fail(path, "it can't be read");
  if (S_ISDIR(found.st_mode)) {
    errno = EISDIR;
    fail(path, "it can't be read");
  }
  return {std::move(file), S_ISREG(found.st_mode) ? found.st_size : -1};
}

std::string read_piece(const std::string& path, const std::shared_ptr<unique_fd>& file) {
  std::string piece(most_at_once, '\0');
  for (;;) {
    const auto got = ::read(file->get(), piece.data(), piece.size());
    if (got >= 0) {
      piece.resize(static_cast<std::size_t>(got));
      return piece;
    }
    if (errno != EINTR)
      fail(path, "it can't be read");
  }
}

void write_piece(const std::string& path, const std::shared_ptr<unique_fd>& file, const std::string& piece) {
  const signal_blocked no_signal{SIGXFSZ}; // `ulimit -f` is an error as others
  for (std::size_t written = 0; written < piece.size();) {
    const auto got = ::write(file->get(), piece.data() + written, piece.size() - written);
    if (got >= 0)
      written += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      fail(path, "it can't be written");
  }
}

void close_file(const std::string& path, const std::shared_ptr<unique_fd>& file) {
  if (const int why = file->close(); why != 0) {
    errno = why;
    fail(path, "it can't be written");
  }
}

std::shared_ptr<unique_fd> make_file(const std::string& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
}

} // namespace

task<std::int64_t> file_body::begin() {
  auto opened = co_await run_in_thread(open_source, path_);
  file_ = std::move(opened.first);
  co_return opened.second;
}

task<std::optional<std::string>> file_body::next(std::shared_ptr<http_transfer>) {
  auto piece = co_await run_in_thread(read_piece, path_, file_);
  if (piece.empty())
    co_return std::nullopt;
  co_return std::move(piece);
}

task<std::int64_t> channel_body::begin() { co_return length_; }

/// A `receive` that loses the race has taken nothing. Once the header is there, only the end is waited for.
task<std::optional<std::string>> channel_body::next(std::shared_ptr<http_transfer> to) {
  if (auto there = from_.try_receive())
    co_return std::move(*there);
  auto what = http_news::header;
  for (;;) {
    auto won = co_await race(from_.receive(), wait_for(to, what));
    if (won.index() == 0)
      co_return std::get<0>(std::move(won));
    if (to->wants_no_more())
      co_return std::nullopt;
    what = http_news::done;
  }
}

task<void> file_sink::write(std::string piece) {
  if (!file_)
    file_ = co_await run_in_thread(make_file, path_);
  co_await run_in_thread(write_piece, path_, file_, std::move(piece));
}

task<void> file_sink::close() {
  if (!file_)
    file_ = co_await run_in_thread(make_file, path_);
  co_await run_in_thread(close_file, path_, file_);
}

} // namespace taskactor::detail
