#include "jobs/default_store.hpp"

#include "base/unique_fd.hpp"
#include "cli/store_address.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/queue/postgres_store.hpp>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_store(const fs::path& what, const std::string& why) {
  throw error{errc::store_unusable, detail::visible(what.string()) + ": " + why};
}

[[noreturn]] void refuse_store(const fs::path& what, int error_number) {
  refuse_store(what, std::generic_category().message(error_number));
}

/// An absolute path in a variable; one that is relative counts as unset, as the specification of XDG has it.
fs::path folder_in(const char* variable) {
  const char* const value = std::getenv(variable);
  return value && *value == '/' ? fs::path{value} : fs::path{};
}

fs::path state_home() {
  if (auto home = folder_in("XDG_STATE_HOME"); !home.empty())
    return home;
  auto home = folder_in("HOME");
  if (home.empty()) {
    const passwd* const user = ::getpwuid(::geteuid());
    if (!user || !user->pw_dir || *user->pw_dir != '/')
      throw error{errc::store_unusable, "there is no home folder for the default store: set HOME or "
                                        "XDG_STATE_HOME, or name a store (--store FILE)"};
    home = user->pw_dir;
  }
  return home / ".local" / "state";
}

/// Those that are missing are made for their owner alone.
void make_folders(const fs::path& folder) {
  if (folder.has_relative_path() && folder.has_parent_path() && !fs::exists(folder.parent_path()))
    make_folders(folder.parent_path());
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    refuse_store(folder, errno);
}

/// What of a folder or file lets others change what is in it; empty: nothing.
std::string fault_of(const struct stat& what) {
  if (S_ISLNK(what.st_mode))
    return "it is a symbolic link";
  if (what.st_uid != ::geteuid())
    return "it belongs to another user (number " + std::to_string(what.st_uid) + ')';
  if ((what.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "others can write to it";
  return {};
}

constexpr const char* advice
    = "; whoever can write to it could have your worker run programs as you. Look at what is in it, then "
      "make "
      "it yours alone (chmod go-rwx), or move it away; or name a store (--store FILE)";

void check_folder(const fs::path& folder) {
  struct stat what {};
  if (::lstat(folder.c_str(), &what) != 0)
    refuse_store(folder, errno);
  if (const auto fault = fault_of(what); !fault.empty())
    refuse_store(folder, "the folder of the default store: " + fault + advice);
  if (!S_ISDIR(what.st_mode))
    refuse_store(folder, "the folder of the default store: it is no folder");
  if ((what.st_mode & (S_IRWXG | S_IRWXO)) == 0)
    return;
  // Others could only read it. By a descriptor, so that it is the folder that was looked at.
  const detail::unique_fd opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!opened || ::fchmod(opened.get(), S_IRWXU) != 0)
    refuse_store(folder, errno);
}

/// Only looked at: who closes a descriptor of a database's file drops all locks of this process on it.
void check_file(const fs::path& file) {
  struct stat what {};
  if (::lstat(file.c_str(), &what) != 0) {
    if (errno == ENOENT)
      return;
    refuse_store(file, errno);
  }
  if (const auto fault = fault_of(what); !fault.empty())
    refuse_store(file, "the default store: " + fault + advice);
  if (!S_ISREG(what.st_mode))
    refuse_store(file, "the default store: it is no regular file");
  if ((what.st_mode & (S_IRWXG | S_IRWXO)) != 0 && ::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0)
    refuse_store(file, errno);
}

/// Of what is behind symbolic links: the user has named it. What isn't there yet will be made.
void check_own_file(const std::string& file) {
  struct stat what {};
  if (::stat(file.c_str(), &what) != 0)
    return;
  if (const auto fault = fault_of(what); !fault.empty())
    refuse_store(file,
                 fault
                     + "; whoever can write to it could have your command run for items of theirs. Make "
                       "it yours alone (chmod go-w), or name another store");
}

bool is_same(const fs::path& one, const fs::path& other) {
  std::error_code ignored;
  const auto first = fs::weakly_canonical(one, ignored);
  return !first.empty() && first == fs::weakly_canonical(other, ignored);
}

} // namespace

store open_store(const std::string& place, const store_options& options) {
  return is_server(place) ? postgres_store(place, {.store = options}) : store{place, options};
}

chosen_store choose_store(const std::string& given, bool make) {
  if (is_server(given))
    return {given, false};
  if (!given.empty()) {
    std::error_code ignored;
    const auto folder
        = folder_in("XDG_STATE_HOME").empty() && folder_in("HOME").empty() ? fs::path{} : state_home();
    if (folder.empty() || !is_same(given, folder / "taskactor" / "jobs.db"))
      return {given, false};
  }
  const auto folder = state_home() / "taskactor";
  const auto file = folder / "jobs.db";
  if (make)
    make_folders(folder);
  else if (struct stat what{}; ::lstat(folder.c_str(), &what) != 0 && errno == ENOENT)
    return {file.string(), true}; // who opens it says so
  check_folder(folder);
  for (const auto* const suffix : {"", "-wal", "-shm", "-journal"})
    check_file(file.string() + suffix);
  return {file.string(), true};
}

void check_own_store(const std::string& file) {
  for (const auto* const suffix : {"", "-wal", "-shm", "-journal"})
    check_own_file(file + suffix);
}

} // namespace taskactor::cli
