/// What a child process does between its birth and the program that it becomes.
///
/// As after vfork, the child has this process's memory, not a copy, and the thread that started it waits
/// until it has become the program or has failed. So nothing that is done here may change what that thread
/// goes on with: no allocation, no lock, nothing but system calls, and these without the C library's
/// functions for them, which sanitizers put theirs in place of. The source is compiled without sanitizers:
/// their books would never see its functions return.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace taskactor::detail {

enum class start_stage {
  none,        // nothing has failed
  arrange,     // its group, its streams, the parent's death signal
  memory,      // limiting memory
  open_files,  // limiting descriptors
  niceness,    // lowering the priority
  passing,     // putting further descriptors to their numbers
  identity,    // becoming another user
  directory,   // changing to the working directory
  execute,     // executing the program
  interpreter, // executing it: the file is there, what its first line or header names isn't
};

struct start_failure {
  start_stage stage = start_stage::none;
  int error = 0;
};

/// A descriptor of ours that the child has under a number of its own.
struct passed_number {
  int from;
  int to;
};

/// Who the child is to be, once it has all that takes this program's rights.
struct child_identity {
  bool changes_groups = false, changes_group = false, changes_user = false;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  gid_t group = 0;
  uid_t user = 0;
};

/// All strings are ended by null, all lists by a null pointer.
struct child_orders {
  pid_t parent = 0;
  std::array<int, 3> streams{};    // what it gets as its standard input, output and error
  std::int32_t* group = nullptr;   // where it notes its group: `group_table::take`
  std::uint64_t memory = 0;        // bytes; 0: no limit
  std::uint64_t open_files = 0;    // the soft limit; 0: as it is
  int niceness = 0;                // added to what there is
  int umask = -1;                  // as it is
  passed_number* passed = nullptr; // changed by the child
  std::size_t passed_count = 0;
  int highest_passed = 0;                   // of the numbers that it has them under
  const child_identity* identity = nullptr; // null: as this program
  bool inherits = false;                    // descriptors that aren't to be closed
  bool takes_terminal = false;              // that it has as its standard input
  const char* directory = "";               // empty: no change
  const char* const* candidates = nullptr;  // it becomes the first of these that can be executed
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  start_failure failure{}; // written by the child
};

/// Room for the child until it is the program.
class child_stack {
public:
  static constexpr std::size_t size = std::size_t{1} << 16;

  /// Errors: `std::bad_alloc`.
  child_stack();
  child_stack(const child_stack&) = delete;
  child_stack& operator=(const child_stack&) = delete;
  ~child_stack();
  std::byte* top() const noexcept { return memory_ + size; }

private:
  std::byte* memory_;
};

/// Starts it, as the leader of a process group of its own, and returns when it has become the program or has
/// failed: see `orders.failure`. Either way it is a process that has to be reaped. `pid` is known to others
/// before the child does anything: they may kill it while it hangs, in a file system that doesn't answer for
/// one. Errors: `std::system_error`, with no process.
void start_child(child_orders& orders, const child_stack& stack, pid_t& pid);

} // namespace taskactor::detail
