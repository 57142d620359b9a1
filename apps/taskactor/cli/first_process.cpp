#include "cli/first_process.hpp"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// The exit code of `child`, once it has ended; whatever else has ended is reaped.
std::optional<int> reap(pid_t child) {
  std::optional<int> code;
  int status = 0;
  for (pid_t each = 0; (each = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (each == child)
      code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code;
}

int watch(pid_t child, const sigset_t& signals) {
  for (;;) {
    siginfo_t what{};
    const int number = ::sigwaitinfo(&signals, &what);
    if (number == SIGCHLD) {
      if (const auto code = reap(child))
        return *code;
    } else if (number > 0) {
      ::kill(child, number);
    }
  }
}

} // namespace

std::optional<int> watch_as_first_process() {
  if (::getpid() != 1)
    return {};
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t child = ::fork();
  if (child > 0)
    return watch(child, all);
  if (child == 0) { // Ctrl-C is to come once: from the terminal, to the group that has it
    ::setpgid(0, 0);
    ::tcsetpgrp(STDIN_FILENO, ::getpid());
    ::signal(SIGTSTP, SIG_IGN); // in a container nobody could let it go on
  }                             // without a child, orphans stay
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return {};
}

} // namespace taskactor::cli
