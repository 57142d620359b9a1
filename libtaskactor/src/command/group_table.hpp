/// The process groups that have to be killed if this process is killed: memory that is shared with the
/// watchdog (watchdog.c), a slot for each command that runs.
///
/// A command notes its group itself, before it becomes the program that can have children: there is no moment
/// at which a killed parent leaves a group that nobody knows of. Since it is memory, no message has to be
/// read, nothing can fill up, and a watchdog that takes another's place knows all groups. It is a file to the
/// kernel, and begins as small as one can be: a limit on the size of files (`ulimit -f`) counts for it.
///
/// Threads: one at a time.
#pragma once

#include "base/unique_fd.hpp"
#include "watchdog_protocol.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace taskactor::detail {

/// Where a command's child notes its group; 0: nobody's.
using group_slot = std::int32_t;

class group_table {
public:
  /// Errors: `std::system_error`.
  group_table();
  group_table(const group_table&) = delete;
  group_table& operator=(const group_table&) = delete;
  ~group_table();

  /// One that is free. Errors: `std::system_error`, a shortage, when there is none and no room for more.
  group_slot* take();
  /// It can be another command's. Must be called while the group's number can't be another's: before its
  /// leader is reaped.
  void give_back(group_slot* slot) noexcept;
  /// What the slots are in.
  const unique_fd& file() const noexcept { return file_; }

private:
  void grow();

  unique_fd file_;
  group_slot* slots_ = nullptr;
  std::size_t size_ = 0; // slots that the file has
  std::vector<group_slot*> free_;
};

} // namespace taskactor::detail
