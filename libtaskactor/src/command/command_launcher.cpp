#include "command/command_launcher.hpp"

#include "command/poll_token.hpp"

#include <exception>

#include <fcntl.h>

namespace taskactor::detail {

command_launcher::command_launcher(poller& poller)
    : poller_(poller), null_(own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null")) {}

void command_launcher::ensure_watchdog() {
  if (!image_)
    image_.emplace();
  if (!watchdog_.watching())
    start_watchdog();
}

void command_launcher::start_watchdog() {
  poller_.close(watchdog_.end());
  watchdog_.start(*image_);
  poller_.watch(watchdog_.end(), EPOLLIN, make_token(0, part::watchdog));
}

/// Something has killed it.
void command_launcher::on_watchdog_end(bool commands_run) noexcept {
  if (watchdog_.watching())
    return;
  poller_.close(watchdog_.end());
  if (!commands_run || !watchdog_.may_restart())
    return;
  try {
    start_watchdog();
  } catch (const std::exception&) { // there's a shortage: the next command's start will tell, if that lasts
  }
}

} // namespace taskactor::detail
