#include "watchdog.hpp"

#include "child_setup.hpp"
#include "launcher_image.hpp"
#include "launcher_protocol.h"
#include "spawn.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

namespace taskactor::detail {

watchdog::watchdog() : pipe_(make_pipe()) {
  set_nonblocking(pipe_.read);
  set_nonblocking(pipe_.write);
}

void watchdog::start(const launcher_image& launcher, const std::vector<pid_t>& running) {
  drain(); // what the last one didn't read; the groups that still matter are in `running`
  child_setup setup;
  setup.as_guard();
  setup.give(pipe_.read.get(), watchdog_groups_fd);
  pid_ = setup.start(launcher.path(), {TASKACTOR_MODE_WATCHDOG, std::to_string(::getpid())}, {});
  started_ = std::chrono::steady_clock::now();
  for (const pid_t group : running)
    write(group);
  try {
    end_ = open_process(pid_);
  } catch (...) {
    dismiss();
    throw;
  }
}

void watchdog::forget(pid_t group) noexcept {
  // A full pipe means that nobody has read for thousands of records: it was stopped. The next start makes a
  // new one.
  if (!write(-group))
    dismiss();
}

bool watchdog::watching() noexcept {
  if (pid_ < 0)
    return false;
  const auto answer = ::waitpid(pid_, nullptr, WNOHANG);
  if (answer == 0 || (answer < 0 && errno != ECHILD))
    return true;
  pid_ = -1;
  early_ends_ = std::chrono::steady_clock::now() - started_ < early ? early_ends_ + 1 : 0;
  return false;
}

void watchdog::dismiss() noexcept {
  if (watching())
    kill_and_reap(std::exchange(pid_, -1));
}

void watchdog::drain() noexcept {
  std::array<char, 4096> buffer;
  while (::read(pipe_.read.get(), buffer.data(), buffer.size()) > 0) {
  }
}

bool watchdog::write(pid_t record) noexcept {
  return ::write(pipe_.write.get(), &record, sizeof record) == sizeof record;
}

} // namespace taskactor::detail
