#include "base/unique_fd.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr int lowest = 10;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

} // namespace

int unique_fd::close() noexcept {
  if (fd_ < 0)
    return 0;
  const int kept = errno;
  const int error = ::close(release()) != 0 && errno != EINTR ? errno : 0; // closed on EINTR, too, on Linux
  errno = kept;
  return error;
}

unique_fd own(int fd, const char* what) {
  if (fd < 0)
    fail(what);
  unique_fd result{fd};
  if (fd >= lowest)
    return result;
  unique_fd moved{::fcntl(fd, F_DUPFD_CLOEXEC, lowest)};
  if (!moved && errno == EINVAL)
    errno = EMFILE; // the limit is below that
  if (!moved)
    fail(what);
  return moved;
}

pipe_ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    fail("pipe");
  unique_fd unmoved{ends[1]}; // closed if moving the first one fails
  pipe_ends result;
  result.read = own(ends[0], "pipe");
  result.write = own(unmoved.release(), "pipe");
  return result;
}

void set_nonblocking(const unique_fd& end) {
  if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) < 0)
    fail("fcntl");
}

} // namespace taskactor::detail
