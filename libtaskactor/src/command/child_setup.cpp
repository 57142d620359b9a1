#include "command/child_setup.hpp"

#include "base/pointers.hpp"

#include <csignal>
#include <system_error>

namespace taskactor::detail {

namespace {

void check(int error, const char* what) {
  if (error != 0)
    throw std::system_error{error, std::generic_category(), what};
}

} // namespace

child_setup::child_setup() {
  check(::posix_spawnattr_init(&attributes_), "posix_spawnattr_init");
  if (const int error = ::posix_spawn_file_actions_init(&actions_)) {
    ::posix_spawnattr_destroy(&attributes_);
    check(error, "posix_spawn_file_actions_init");
  }
}

child_setup::~child_setup() {
  ::posix_spawn_file_actions_destroy(&actions_);
  ::posix_spawnattr_destroy(&attributes_);
}

void child_setup::as_guard() {
  sigset_t all;
  ::sigfillset(&all);
  check(::posix_spawnattr_setsigdefault(&attributes_, &all), "posix_spawnattr_setsigdefault");
  check(::posix_spawnattr_setsigmask(&attributes_, &all), "posix_spawnattr_setsigmask");
  check(::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID),
        "posix_spawnattr_setflags");
}

void child_setup::give(int fd, int number) {
  check(::posix_spawn_file_actions_adddup2(&actions_, fd, number), "posix_spawn_file_actions_adddup2");
}

pid_t child_setup::start(const std::string& path, const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment) const {
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  pid_t child = -1;
  check(::posix_spawn(&child, path.c_str(), &actions_, &attributes_, argv.data(), envp.data()),
        "posix_spawn");
  return child;
}

} // namespace taskactor::detail
