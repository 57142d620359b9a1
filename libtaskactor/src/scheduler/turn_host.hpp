/// `turn_host`: what has turns, and says when it wants the next one: the schedules of a scheduler, those of a
/// store. Its actor (`scheduler_actor`) has it a turn when something has changed, and when its time has come.
#pragma once

#include <taskactor/time_span.hpp>

#include <chrono>

namespace taskactor::detail {

class manager_core;

/// What its actor does until then.
struct next_turn {
  manager_core* home = nullptr;
  bool over = false;
  std::chrono::steady_clock::time_point due = std::chrono::steady_clock::time_point::max();
};

class turn_host {
public:
  virtual next_turn turn() = 0;
  /// By its actor: it has no more turns. May be called again.
  virtual void end_turns(const char* why) noexcept = 0;

protected:
  ~turn_host() = default;
};

} // namespace taskactor::detail
