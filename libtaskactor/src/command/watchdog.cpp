#include "command/watchdog.hpp"

#include "command/child_setup.hpp"
#include "command/spawn.hpp"
#include "command/watchdog_image.hpp"
#include "watchdog_protocol.h"

#include <cerrno>
#include <string>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

namespace taskactor::detail {

void watchdog::start(const watchdog_image& program) {
  child_setup setup;
  setup.as_guard();
  setup.give(groups_.file().get(), watchdog_groups_fd);
  setup.give(pipe_.read.get(), watchdog_pipe_fd);
  pid_ = setup.start(program.path(), {TASKACTOR_MODE_WATCHDOG, std::to_string(::getpid())}, {});
  started_ = std::chrono::steady_clock::now();
  try {
    end_ = open_process(pid_);
  } catch (...) {
    dismiss();
    throw;
  }
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

} // namespace taskactor::detail
