/// Process groups of commands that have ended, some of whose members are dying, and may be children of this
/// program.
///
/// Orphans of a command become children of process 1, or of a "child subreaper". If that is this program, it
/// has to reap them; of all its children, only those that carry the group's number are touched.
///
/// Threads: one at a time.
#pragma once

#include "base/memory.hpp"

#include <vector>

#include <sys/types.h>

namespace taskactor::detail {

class adopted_groups {
public:
  bool empty() const noexcept { return groups_.empty(); }
  /// Its leader is reaped, or about to be.
  void add(pid_t group) noexcept {
    once_there_is_memory([&] { groups_.push_back(group); });
  }
  /// The number is used again: then the last of that group has ended.
  void remove(pid_t group) noexcept { std::erase(groups_, group); }
  /// Reaps those that have ended. A group of which none is left is removed.
  void reap() noexcept;

private:
  std::vector<pid_t> groups_;
};

} // namespace taskactor::detail
