#include "run/used_files.hpp"

#include <algorithm>

#include <sys/stat.h>

namespace taskactor::cli {

namespace {

/// False: it isn't a regular file.
bool look(int fd, struct stat& into) noexcept { return ::fstat(fd, &into) == 0 && S_ISREG(into.st_mode); }

} // namespace

void used_files::add(int fd, const std::string& what) {
  struct stat is {};
  if (!look(fd, is))
    return;
  const std::lock_guard lock{mutex_};
  entries_.push_back({is.st_dev, is.st_ino, what});
}

void used_files::check(int fd, const std::string& what) const {
  struct stat is {};
  if (!look(fd, is))
    return;
  const std::lock_guard lock{mutex_};
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const entry& each) {
    return each.device == is.st_dev && each.number == is.st_ino;
  });
  if (found != entries_.end())
    throw file_in_use{what + " and " + found->what + " are one file"};
}

bool is_same_regular_file(int one, int other) noexcept {
  struct stat first {
  }, second{};
  return look(one, first) && look(other, second) && first.st_dev == second.st_dev
         && first.st_ino == second.st_ino;
}

} // namespace taskactor::cli
