/// The process groups that have to be killed if this process is killed: memory that is shared with the
/// watchdog (watchdog.c), one bit for each group that there can be.
///
/// A command notes its group itself, before it becomes the program that can have children: there is no moment
/// at which a killed parent leaves a group that nobody knows of. Since it is memory, no message has to be
/// read, nothing can fill up, and a watchdog that takes another's place knows all groups.
///
/// Threads: any.
#pragma once

#include "descriptor.hpp"
#include "watchdog_protocol.h"

#include <cstdint>

#include <sys/types.h>

namespace taskactor::detail {

class group_table {
public:
  /// Errors: `std::system_error`.
  group_table();
  group_table(const group_table&) = delete;
  group_table& operator=(const group_table&) = delete;
  ~group_table();

  /// Takes a group back. Must be called while its number can't be another's: before its leader is reaped.
  void forget(pid_t group) noexcept;
  /// Where the bits are, for `command_child`, and the file that they are in.
  std::uint64_t* words() const noexcept { return words_; }
  const descriptor& file() const noexcept { return file_; }

private:
  descriptor file_;
  std::uint64_t* words_;
};

} // namespace taskactor::detail
