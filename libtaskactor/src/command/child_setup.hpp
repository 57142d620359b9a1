/// How a child process is started: attributes and file actions of one posix_spawn.
#pragma once

#include <string>
#include <vector>

#include <spawn.h>
#include <sys/types.h>

namespace taskactor::detail {

class child_setup {
public:
  child_setup();
  child_setup(const child_setup&) = delete;
  child_setup& operator=(const child_setup&) = delete;
  ~child_setup();

  /// A session of its own, all signals blocked.
  void as_guard();
  /// The child has `fd` as its descriptor `number`.
  void give(int fd, int number);
  /// The kernel shares the memory of this process with the child until that executes something: nothing is
  /// copied, however big this process is, and only the calling thread waits. Errors: `std::system_error`.
  pid_t start(const std::string& path, const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) const;

private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

} // namespace taskactor::detail
