#include "command/command_states.hpp"

#include <atomic>
#include <cerrno>

namespace taskactor::detail {

bool command_states::signal(std::uint64_t key, int signal) noexcept {
  const auto found = entries_.find(key);
  if (found == entries_.end())
    return false;
  if (found->second.pid != 0)
    signal == SIGTERM ? stop_group(found->second.pid, found->second.stop_signal)
                      : signal_group(found->second.pid, signal);
  else if (signal == SIGKILL || (signal == SIGTERM && found->second.abandoned_by == 0))
    found->second.abandoned_by = signal;
  if (key == starting_key_ && signal == SIGKILL)
    kill_starting();
  return found->second.pid == 0;
}

int command_states::send(std::uint64_t key, int signal, signal_target to) noexcept {
  const auto found = entries_.find(key);
  return found == entries_.end() || found->second.pid == 0 ? ESRCH : send_to(found->second.pid, signal, to);
}

void command_states::kill_starting() noexcept {
  if (const pid_t starting = std::atomic_ref{starting_pid_}.load(); starting_key_ != 0 && starting > 0)
    ::kill(starting, SIGKILL);
}

pid_t& command_states::starting(std::uint64_t key) noexcept {
  starting_key_ = key;
  starting_pid_ = 0;
  return starting_pid_;
}

int command_states::running(std::uint64_t key, pid_t pid) noexcept {
  auto& found = entries_.at(key);
  found.pid = pid;
  starting_key_ = 0;
  ++counts_.running;
  return found.abandoned_by == SIGTERM ? found.stop_signal : found.abandoned_by;
}

void command_states::retire(std::uint64_t key, command_end end) noexcept {
  const auto found = entries_.find(key);
  if (found == entries_.end())
    return;
  if (found->second.pid != 0)
    --counts_.running;
  entries_.erase(found);
  ++(end == command_end::ended ? counts_.ended : counts_.start_failures);
}

command_statistics command_states::statistics() const noexcept {
  auto result = counts_;
  result.queued = entries_.size() - result.running;
  result.started = result.running + result.ended;
  return result;
}

} // namespace taskactor::detail
