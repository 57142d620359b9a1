/// `end_states`: writes the end state of each task, once, and tells who waits for it (rules 2 and 8). The
/// manager's alone.
///
/// Ends come in bursts. What follows from them is done once for all that have come, when the manager settles:
/// a message to itself, behind what has come already. Then the next tasks start in a batch, and who waits for
/// ends is woken once.
#pragma once

#include <taskactor/detail/record.hpp>

#include <caf/fwd.hpp>

#include <vector>

namespace taskactor::detail {

class manager_core;

class end_states {
public:
  end_states(manager_core& home, caf::local_actor& manager) noexcept : home_(home), manager_(manager) {}

  /// Its outcome is there: when its actor is down, or earlier when the caller is answered at a deadline. Does
  /// nothing for a task that has one.
  void give(record& task, time_point now);
  /// The manager is to settle, in a moment.
  void settle_soon();
  /// It does so now.
  void begin_settling() noexcept { settling_ = false; }
  /// Tells who waits for those that have been given an end state since the last call.
  void tell();

private:
  void publish(record& task, state how);

  manager_core& home_;
  caf::local_actor& manager_;
  std::vector<ref<record>> untold_; // ended, and their listeners don't know yet
  bool settling_ = false;           // a message to settle is under way
};

} // namespace taskactor::detail
