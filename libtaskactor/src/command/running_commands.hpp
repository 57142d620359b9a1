/// The commands that the serving thread has, by their keys: from the beginning of a start to the final call.
///
/// Nothing but SIGCHLD tells of a child that has stopped, and that signal is the program's: so all of them
/// are looked at now and then.
///
/// Threads: the serving thread alone.
#pragma once

#include "command/running_command.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

namespace taskactor::detail {

class running_commands {
public:
  using map = std::unordered_map<std::uint64_t, std::unique_ptr<running_command>>;

  bool empty() const noexcept { return commands_.empty(); }
  /// Null: it is over.
  running_command* find(std::uint64_t key) const noexcept {
    const auto found = commands_.find(key);
    return found == commands_.end() ? nullptr : found->second.get();
  }
  /// It is among them now.
  running_command& add(start_request&& request, poller& poller) noexcept;
  /// It must be among them, and isn't any more.
  std::unique_ptr<running_command> remove(std::uint64_t key) noexcept {
    return std::move(commands_.extract(key).mapped());
  }
  map remove_all() noexcept { return std::exchange(commands_, {}); }

  /// There is one, but for this, that ends without being told to.
  bool any_ends(const running_command* but = nullptr) const noexcept;
  /// Sends KILL to the groups of all that have a process.
  void kill_all() const noexcept;

  /// It is the last one that was given the terminal: somebody waits for a prompt, if it stops.
  void note_terminal(std::uint64_t key) noexcept { on_terminal_ = key; }
  /// Looks which have been stopped, unless that was done less than `look_interval` ago.
  void look_for_stops() noexcept;
  std::chrono::milliseconds look_interval() const noexcept;

private:
  map commands_;
  std::uint64_t on_terminal_ = 0;
  std::chrono::steady_clock::time_point next_look_{};
};

} // namespace taskactor::detail
