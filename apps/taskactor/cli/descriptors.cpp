#include "cli/descriptors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// Of one command: status, two outputs and process.
constexpr rlim_t per_job = 4;
/// What the runtime and this program hold themselves, and the other ends of what is just starting.
constexpr rlim_t reserve = 64;
constexpr std::size_t most_jobs = 4096;

} // namespace

unique_fd make_eventfd() {
  unique_fd result{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!result)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  return result;
}

int write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto size = ::write(fd, bytes.data(), bytes.size());
    if (size >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) { // somebody who shares it has made it non-blocking
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int append_whole(int fd, std::string_view bytes) noexcept {
  struct stat before {};
  const bool regular = ::fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
  const int error = write_all(fd, bytes);
  if (error != 0 && regular && ::ftruncate(fd, before.st_size) == 0)
    ::lseek(fd, before.st_size, SEEK_SET);
  return error;
}

void open_standard_streams() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) // read only: to write there has to fail as it would have
        [[maybe_unused]]
      const int opened = ::open("/dev/null", O_RDONLY);
}

descriptor_room room_for_jobs(std::size_t wanted) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return {std::max<std::size_t>(1, wanted)};
  descriptor_room result;
  const auto before = limit.rlim_cur;
  const rlim_t needed = (wanted == 0 ? most_jobs : wanted) * per_job + reserve;
  if (wanted != 0 && limit.rlim_cur < needed && limit.rlim_max > limit.rlim_cur) {
    limit.rlim_cur = std::min(limit.rlim_max, needed);
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0)
      result.limit_before = before;
    else
      limit.rlim_cur = before;
  }
  const auto room = limit.rlim_cur > reserve ? (limit.rlim_cur - reserve) / per_job : 0;
  result.jobs = std::clamp<std::size_t>(room, 1, wanted == 0 ? most_jobs : wanted);
  return result;
}

} // namespace taskactor::cli
