#include "run/opening.hpp"

#include "run/run_control.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

namespace taskactor::cli {

namespace {

/// How often it is looked whether a FIFO has a reader: nothing tells.
constexpr int look_interval = 20; // ms

int milliseconds_left(const run_control& control) {
  const auto left = control.remaining();
  return left ? static_cast<int>(std::min<std::int64_t>(INT_MAX - 1, left->count() / 1'000'000)) + 1 : -1;
}

bool is_fifo(const std::string& path) noexcept {
  struct stat is {};
  return ::stat(path.c_str(), &is) == 0 && S_ISFIFO(is.st_mode);
}

} // namespace

unique_fd open_to_read(const std::string& path) noexcept {
  return unique_fd{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

bool wait_readable(int fd, run_control& control) {
  while (control.may_start()) {
    pollfd ready[] = {{control.notifier().stopped_fd(), POLLIN, 0}, {fd, POLLIN, 0}};
    if (::poll(ready, 2, milliseconds_left(control)) > 0 && ready[0].revents == 0)
      return true;
  }
  return false;
}

unique_fd open_to_write(const std::string& path, run_control& control) {
  const int flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  for (;;) {
    unique_fd result{::open(path.c_str(), flags, 0666)};
    if (result) // who writes waits, as with any other file
      ::fcntl(result.get(), F_SETFL, 0);
    if (result || errno != ENXIO || !is_fifo(path))
      return result;
    if (!control.may_start())
      throw stopped_early{};
    pollfd stopped{control.notifier().stopped_fd(), POLLIN, 0};
    ::poll(&stopped, 1, look_interval);
  }
}

} // namespace taskactor::cli
