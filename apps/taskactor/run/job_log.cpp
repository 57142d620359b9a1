#include "run/job_log.hpp"

#include "cli/text.hpp"
#include "run/opening.hpp"
#include "run/used_files.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr off_t tail_read_size = off_t{1} << 16;

/// What comes after the last newline of a file of this size. Errors: an `errno`, thrown.
std::string unended_line(int fd, off_t size) {
  std::string result;
  for (off_t begin = size; begin > 0;) {
    std::string piece(static_cast<std::size_t>(std::min(begin, tail_read_size)), '\0');
    begin -= static_cast<off_t>(piece.size());
    if (::pread(fd, piece.data(), piece.size(), begin) != static_cast<ssize_t>(piece.size()))
      throw errno != 0 ? errno : EIO;
    const auto newline = piece.rfind('\n');
    result.insert(0, newline == piece.npos ? piece : piece.substr(newline + 1));
    if (newline != piece.npos)
      break;
  }
  return result;
}

} // namespace

job_log::job_log(const char* what, std::string path, mode how, run_control& control, used_files& files)
    : what_(what),
      path_(std::move(path)),
      how_(how),
      made_(::access(path_.c_str(), F_OK) != 0 && errno == ENOENT),
      file_(open_to_write(path_, control)) {
  if (!file_)
    fail(errno);
  try {
    claim(files);
  } catch (...) {
    if (made_)
      ::unlink(path_.c_str());
    throw;
  }
}

job_log::~job_log() {
  if (made_ && !begun_)
    ::unlink(path_.c_str());
}

void job_log::claim(used_files& files) {
  const auto name = std::string{what_} + ' ' + shell_quoted(path_);
  files.check(file_.get(), name);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
    if (!shared_ && is_same_regular_file(file_.get(), stream)) {
      shared_ = true;
      file_ = unique_fd{::fcntl(stream, F_DUPFD_CLOEXEC, 3)};
      if (!file_)
        fail(errno);
    }
  struct stat is {};
  const bool regular = ::fstat(file_.get(), &is) == 0 && S_ISREG(is.st_mode);
  if (regular && !shared_ && ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    made_ = false; // that one was a moment faster
    throw file_in_use{name + " is being written by another run"};
  }
  files.add(file_.get(), name);
}

bool job_log::goes_on_with(int fd) noexcept {
  if (!is_same_regular_file(file_.get(), fd))
    return false;
  how_ = mode::append;
  return true;
}

void job_log::begin() {
  begun_ = true;
  struct stat is {};
  if (shared_ || ::fstat(file_.get(), &is) != 0 || !S_ISREG(is.st_mode))
    return;
  if (how_ == mode::replace && ::ftruncate(file_.get(), 0) != 0)
    fail(errno);
  if (how_ == mode::append && ::fcntl(file_.get(), F_SETFL, O_APPEND) != 0)
    fail(errno);
  mend();
}

void job_log::mend() {
  struct stat now {};
  if (::fstat(file_.get(), &now) != 0 || now.st_size == 0)
    return;
  try {
    errno = 0;
    const unique_fd reader{::open(path_.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!reader)
      throw errno;
    const auto tail = unended_line(reader.get(), now.st_size);
    const auto kept = now.st_size - static_cast<off_t>(tail.size());
    const bool whole = !tail.empty() && is_whole(tail);
    if (whole)
      begin_with("\n");
    else if (!tail.empty() && ::ftruncate(file_.get(), kept) != 0)
      throw errno;
    goes_on_ = whole || kept != 0;
  } catch (int error) {
    fail(error);
  }
}

std::string job_log::head(std::size_t size) const {
  std::string result(size, '\0');
  const unique_fd reader{::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  const auto count = ::pread(reader.get(), result.data(), size, 0);
  result.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0))); // of a pipe, nothing
  return result;
}

void job_log::begin_with(std::string_view line) {
  if (const int error = append_whole(file_.get(), line))
    fail(error);
}

void job_log::add(const job_result& ended) {
  begin_with(line_of(ended));
  ++lines_;
}

void job_log::close() {
  if (const int error = file_.close())
    fail(error);
}

void job_log::fail(int error) const {
  throw std::system_error{error, std::generic_category(),
                          std::string{what_} + ' ' + shell_quoted(path_) + " can't be written"};
}

} // namespace taskactor::cli
