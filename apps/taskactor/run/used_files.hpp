/// The files that a run reads and writes, so that no output overwrites an input, or another output: known by
/// what they are and not by their names.
#pragma once

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/types.h>

namespace taskactor::cli {

/// Two uses of one file that don't go together: with both.
struct file_in_use : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Threads: every member may be called from any thread.
class used_files {
public:
  used_files() = default;
  used_files(const used_files&) = delete;
  used_files& operator=(const used_files&) = delete;

  /// From now on the file that is open as `fd` is in use as `what` ("the items"). Only regular files are:
  /// pipes and devices may be several things at once.
  void add(int fd, const std::string& what);
  /// Before anything is written to the file that is open as `fd`, or taken away from it. Errors:
  /// `file_in_use`, when it is something else already.
  void check(int fd, const std::string& what) const;

private:
  struct entry {
    dev_t device;
    ino_t number;
    std::string what;
  };

  mutable std::mutex mutex_;
  std::vector<entry> entries_;
};

/// Are they one regular file?
bool is_same_regular_file(int one, int other) noexcept;

} // namespace taskactor::cli
