/// Whether a body parks with a lock of its thread's held. Not for users: see `testing/held_mutexes.hpp`.
#pragma once

#include <string>

namespace taskactor::detail {

/// Who looks. Threads: any. Both are called on the body's thread.
struct held_locks_check {
  /// How many locks this thread holds.
  long (*count)() noexcept;
  /// A body has parked with more than it began its turn with: in words, which are in the log, too.
  void (*found)(const std::string& what) noexcept;
};

/// From now on; null: nobody. `by` stays for ever: a body may just be asking it.
void check_held_locks(const held_locks_check* by) noexcept;

} // namespace taskactor::detail
