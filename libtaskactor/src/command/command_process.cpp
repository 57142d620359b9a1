#include "command/command_process.hpp"

#include "command/process_group.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include <sys/resource.h>
#include <sys/wait.h>

namespace taskactor::detail {

namespace {

std::chrono::nanoseconds to_duration(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

} // namespace

void command_process::give_back(group_table& groups) noexcept {
  if (auto* const slot = std::exchange(slot_, nullptr))
    groups.give_back(slot);
}

void command_process::start(const launch_plan& plan, command_pipes& pipes, int input,
                            const held_descriptors& held, const child_stack& stack, pid_t& pid) {
  child_ = spawn(plan, pipes, {input, slot_, stack, pid, terminal_.get(), &held});
}

void command_process::watch(std::uint64_t token) {
  if (exit_)
    return;
  auto process = open_process(pid());
  poller_.watch(process, EPOLLIN, token);
  exit_ = std::move(process);
}

bool command_process::has_ended() const noexcept {
  siginfo_t ended{};
  const bool is_ours = ::waitid(P_PID, static_cast<id_t>(pid()), &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
  return is_ours ? ended.si_pid != 0 : errno == ECHILD;
}

int command_process::take_stop() noexcept {
  siginfo_t what{};
  if (pid() <= 0 || ::waitid(P_PID, static_cast<id_t>(pid()), &what, WSTOPPED | WNOHANG) != 0
      || what.si_pid != pid())
    return 0;
  take_terminal_back();
  return what.si_status;
}

void command_process::go_on_with_terminal() noexcept {
  if (!terminal_)
    return;
  terminal_->lend_again(pid());
  signal_group(pid(), SIGCONT);
}

void command_process::take_terminal_back() noexcept {
  if (terminal_)
    terminal_->take_back();
}

bool command_process::reap(command_result& into) noexcept {
  int status = 0;
  rusage usage{};
  const auto answer = ::wait4(pid(), &status, WNOHANG, &usage);
  if (answer == 0)
    return false;
  if (answer < 0)
    return errno != EINTR; // ECHILD: someone else has taken the status, and it stays unknown
  if (WIFEXITED(status))
    into.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) {
    into.term_signal = WTERMSIG(status);
    into.core_dumped = WCOREDUMP(status);
  }
  into.user_time = to_duration(usage.ru_utime);
  into.system_time = to_duration(usage.ru_stime);
  into.max_rss = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  return true;
}

} // namespace taskactor::detail
