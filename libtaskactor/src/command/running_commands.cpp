#include "command/running_commands.hpp"

#include "base/memory.hpp"
#include "command/process_group.hpp"

#include <algorithm>
#include <csignal>

namespace taskactor::detail {

namespace {

constexpr std::chrono::milliseconds usual_look_interval{500};
constexpr std::chrono::milliseconds look_interval_on_terminal{50}; // somebody waits for a prompt

} // namespace

running_command& running_commands::add(start_request&& request, poller& poller) noexcept {
  const auto key = request.key;
  return *once_there_is_memory([&]() -> auto& {
    auto& command = commands_[key];
    if (!command)
      command = std::make_unique<running_command>(std::move(request), poller);
    return command;
  });
}

bool running_commands::any_ends(const running_command* but) const noexcept {
  return std::any_of(commands_.begin(), commands_.end(), [but](const auto& each) {
    return each.second.get() != but && !each.second->request().stays;
  });
}

void running_commands::kill_all() const noexcept {
  for (const auto& [key, command] : commands_)
    if (command->pid() > 0)
      signal_group(command->pid(), SIGKILL);
}

std::chrono::milliseconds running_commands::look_interval() const noexcept {
  return commands_.contains(on_terminal_) ? look_interval_on_terminal : usual_look_interval;
}

void running_commands::look_for_stops() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_)
    return;
  next_look_ = now + look_interval();
  for (const auto& [key, command] : commands_)
    command->look_for_stop();
}

} // namespace taskactor::detail
