#include "queue/sqlite_file.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr ::mode_t owner_only = S_IRUSR | S_IWUSR;

[[noreturn]] void refuse_file(const std::string& path, const std::string& why) {
  throw error{errc::store_unusable, visible(path) + ": " + why};
}
[[noreturn]] void refuse_file(const std::string& path, const std::string& doing, int code) {
  refuse_file(path, doing + ": " + std::generic_category().message(code));
}

/// Without links; empty, errno says why: it doesn't resolve.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real{::realpath(path.c_str(), nullptr), std::free}; // NOLINT
  return real ? std::string{real.get()} : std::string{};
}

std::pair<std::string, std::string> folder_and_name(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

void check_folder(const std::string& folder) {
  struct ::stat info {};
  if (::stat(folder.c_str(), &info) != 0)
    refuse_file(folder, "the store's folder can't be looked at", errno);
  if (!S_ISDIR(info.st_mode))
    refuse_file(folder, "the store's folder is none");
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
    refuse_file(folder, "anybody may put another file in the store's place there: take the right to write "
                        "from others (chmod o-w), or name another folder");
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    refuse_file(folder, "the store's folder has to be writable (its log lies beside it)", errno);
  struct ::statfs system {};
  if (::statfs(folder.c_str(), &system) != 0)
    refuse_file(folder, "the file system of the store can't be looked at", errno);
  if (const char* const why = refused_file_system(static_cast<long>(system.f_type)))
    refuse_file(folder, why);
}

void make_store_file(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | owner_only, 0) != 0) {
    if (errno == EEXIST)
      return; // another program has made it in the meantime
    refuse_file(path, "the store can't be made", errno);
  }
  struct ::stat info {};
  if (::lstat(path.c_str(), &info) == 0 && (info.st_mode & 0777) != owner_only)
    ::chmod(path.c_str(), owner_only); // of an umask that takes rights from the owner
}

void check_store_file(const std::string& path) {
  struct ::stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    refuse_file(path, "the store can't be looked at", errno);
  if (S_ISDIR(info.st_mode))
    refuse_file(path, "it is a folder; name a file in it");
  if (info.st_nlink
      > 1) // by each name SQLite would have another log beside it, and neither knows of the other
    refuse_file(path,
                "has several names (hard links), of which a store can have only one: remove the others");
  if (!S_ISREG(info.st_mode))
    refuse_file(path, "it is no regular file");
  if (::access(path.c_str(), R_OK | W_OK) != 0)
    refuse_file(path, "the store has to be readable and writable", errno);
}

} // namespace

const char* refused_file_system(long type) noexcept {
  constexpr std::array<unsigned long, 8> networks{
      0x6969,     // NFS
      0x517b,     // SMB
      0xff534d42, // CIFS
      0xfe534d42, // SMB2
      0x01021997, // 9P
      0x5346414f, // AFS
      0x73757245, // Coda
      0x564c,     // NCP
  };
  for (const auto network : networks)
    if ((static_cast<unsigned long>(type) & 0xffffffff) == network)
      return "it is on a network file system, whose locks don't hold: put the store on a disk of this "
             "machine, or use a database server for programs on several";
  return nullptr;
}

std::string prepare_store_file(const std::string& path, bool create) {
  if (path.empty() || path.find('\0') != std::string::npos)
    refuse_file(path, "the store's path is empty, or has a zero byte in it");
  struct ::stat info {};
  const bool is_there = ::lstat(path.c_str(), &info) == 0;
  if (!is_there && errno != ENOENT)
    refuse_file(path, "the store can't be looked at", errno);
  std::string real;
  if (is_there) {
    real = resolved(path);
    if (real.empty())
      refuse_file(path, "the link doesn't lead to a file", errno);
  } else {
    const auto [folder, name] = folder_and_name(path);
    const auto real_folder = resolved(folder);
    if (real_folder.empty() && !create && errno == ENOENT)
      refuse_file(path, "there is no such store");
    if (real_folder.empty())
      refuse_file(folder, "the store's folder can't be used", errno);
    if (name.empty())
      refuse_file(path, "it is a folder; name a file in it");
    real = (real_folder == "/" ? "" : real_folder) + '/' + name;
  }
  check_folder(folder_and_name(real).first);
  if (!is_there) {
    if (!create)
      refuse_file(real, "there is no such store");
    make_store_file(real);
  }
  check_store_file(real);
  return real;
}

} // namespace taskactor::detail
