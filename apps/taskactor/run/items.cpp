#include "run/items.hpp"

#include "cli/text.hpp"
#include "run/opening.hpp"
#include "run/run_control.hpp"
#include "run/run_options.hpp"
#include "run/used_files.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr std::size_t read_size = std::size_t{1} << 16;
constexpr std::size_t ahead = std::size_t{16} << 20;
/// Longer than any argument of a command can be.
constexpr std::size_t longest_item = std::size_t{8} << 20;

[[noreturn]] void fail_to_read(const std::string& name, int error) {
  throw unreadable_items{error, std::generic_category(), name + " can't be read"};
}

} // namespace

std::optional<std::string> listed_items::next() {
  if (next_ == items_.size())
    return {};
  return std::move(items_[next_++]);
}

read_items::read_items(unique_fd file, std::string name, char delimiter, run_control& control)
    : file_(std::move(file)), name_(std::move(name)), delimiter_(delimiter), control_(control) {}

std::optional<std::string> read_items::next() {
  while (!ended_ && buffer_.size() - begin_ < ahead && readable())
    read();
  for (;;) {
    if (auto item = cut())
      return item;
    if (ended_ || !wait_readable(file_.get(), control_))
      return {};
    read();
  }
}

bool read_items::at_hand() const {
  return ended_ || buffer_.find(delimiter_, std::max(begin_, scanned_)) != buffer_.npos;
}

/// The next item of the buffer, if it is there as a whole. The end ends the last one too.
std::optional<std::string> read_items::cut() {
  const auto end = buffer_.find(delimiter_, std::max(begin_, scanned_));
  if (end == buffer_.npos && (!ended_ || begin_ == buffer_.size())) {
    scanned_ = buffer_.size();
    if (scanned_ - begin_ > longest_item)
      fail_to_read(name_ + ": item " + std::to_string(handed_out_ + 1), E2BIG);
    return {};
  }
  auto item = buffer_.substr(begin_, end == buffer_.npos ? end : end - begin_);
  begin_ = end == buffer_.npos ? buffer_.size() : end + 1;
  ++handed_out_;
  if (begin_ >= read_size && begin_ >= buffer_.size() / 2) { // seldom enough to cost nothing for each item
    buffer_.erase(0, begin_);
    scanned_ = 0;
    begin_ = 0;
  }
  return item;
}

bool read_items::readable() const {
  pollfd ready{file_.get(), POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

void read_items::read() {
  const auto before = buffer_.size();
  buffer_.resize(before + read_size);
  const auto size = ::read(file_.get(), buffer_.data() + before, read_size);
  const int error = errno;
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (size < 0 && error != EINTR && error != EAGAIN)
    fail_to_read(name_, error);
  if (size != 0)
    return;
  ended_ = true;
  const auto rest = std::string_view{buffer_}.substr(begin_);
  const bool open = !rest.empty() && rest.back() != delimiter_;
  total_ = handed_out_ + static_cast<std::size_t>(std::count(rest.begin(), rest.end(), delimiter_))
           + (open ? 1 : 0);
}

std::unique_ptr<item_source> open_items(const run_options& options, run_control& control, used_files& files) {
  if (options.items)
    return std::make_unique<listed_items>(*options.items);
  const bool from_stdin = options.arg_file.empty() || options.arg_file == "-";
  const auto name = from_stdin ? "standard input" : shell_quoted(options.arg_file);
  auto file
      = from_stdin ? unique_fd{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)} : open_to_read(options.arg_file);
  if (!file)
    fail_to_read(name, errno);
  files.add(file.get(), from_stdin ? name : "the file of items " + name);
  // What a command prints would be read as its next item, without an end.
  files.check(STDOUT_FILENO, "standard output");
  files.check(STDERR_FILENO, "standard error");
  return std::make_unique<read_items>(std::move(file), name, options.null ? '\0' : '\n', control);
}

} // namespace taskactor::cli
