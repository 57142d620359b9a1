#include "child_setup.hpp"

#include <csignal>
#include <system_error>

namespace taskactor::detail {

namespace {

void check(int error, const char* what) {
  if (error != 0)
    throw std::system_error{error, std::generic_category(), what};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const auto& text : strings)
    result.push_back(const_cast<char*>(text.c_str())); // an old signature: posix_spawn writes to none of them
  result.push_back(nullptr);
  return result;
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

void child_setup::set(short flags, const sigset_t& blocked) {
  sigset_t all;
  ::sigfillset(&all);
  check(::posix_spawnattr_setsigdefault(&attributes_, &all), "posix_spawnattr_setsigdefault");
  check(::posix_spawnattr_setsigmask(&attributes_, &blocked), "posix_spawnattr_setsigmask");
  check(::posix_spawnattr_setpgroup(&attributes_, 0), "posix_spawnattr_setpgroup");
  flags = static_cast<short>(flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  check(::posix_spawnattr_setflags(&attributes_, flags), "posix_spawnattr_setflags");
}

void child_setup::as_command() {
  sigset_t keys;
  ::sigemptyset(&keys);
  for (const int number : {SIGINT, SIGQUIT, SIGTSTP}) // the launcher forgets and unblocks them
    ::sigaddset(&keys, number);
  set(POSIX_SPAWN_SETPGROUP, keys);
}

void child_setup::as_guard() {
  sigset_t all;
  ::sigfillset(&all);
  set(POSIX_SPAWN_SETSID, all);
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
