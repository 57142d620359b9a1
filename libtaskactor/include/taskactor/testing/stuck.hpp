/// What a test is told when nothing goes on: errors that list who waits for what.
///
///     deadlock at 2 s: nothing can run, and nothing is due
///       "a": running since 0 s; waits for the end of task "b"
///       "b": running since 0 s; waits for the end of task "a"
///       "c": queued since 2 s; waits for a token of the global limiter (2 of 2 in use)
#pragma once

#include <taskactor/state.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::testing {

/// A task, or an item of a gather, that has not ended.
struct waiting_task {
  std::string id{};
  taskactor::state state = taskactor::state::queued;
  /// Since when it is queued, or running. Units: time since the manager was made.
  std::chrono::nanoseconds since{};
  /// In words: "a token of the global limiter (1 of 1 in use)", "the end of task "b"".
  std::string waits_for{};
  /// When that wait ends at the latest, if it has a limit of its own; `nanoseconds::max()`: it has none.
  std::chrono::nanoseconds until = std::chrono::nanoseconds::max();
};

/// `"a": running since 0 s; waits for ...`
std::string to_string(const waiting_task& task);

/// Base of what this layer throws of its own.
class test_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What was waited for can't come. The text lists all that wait.
class stuck : public test_error {
public:
  stuck(const std::string& headline, std::vector<waiting_task> waiting);
  const std::vector<waiting_task>& waiting() const noexcept { return waiting_; }

private:
  std::vector<waiting_task> waiting_;
};

/// Nothing can run, nothing is due, and no thread or process is at work.
class deadlock : public stuck {
public:
  using stuck::stuck;
};

/// It goes on and on without getting there: past `simulation_options::max_steps` or `max_jumps`.
class livelock : public stuck {
public:
  using stuck::stuck;
};

} // namespace taskactor::testing
