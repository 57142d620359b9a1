#include "transport/tls/private_file.hpp"

#include "transport/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file) {
  throw std::system_error{errno, std::generic_category(), '"' + file.string() + '"'};
}

void write_all(int number, std::string_view content, const std::filesystem::path& file) {
  while (!content.empty()) {
    const auto count = ::write(number, content.data(), content.size());
    if (count < 0 && errno != EINTR)
      refuse(file);
    content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

} // namespace

void write_private_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                        bool overwrite) {
  auto other = file.string() + ".XXXXXX";
  const unique_fd made{::mkostemp(other.data(), O_CLOEXEC)}; // readable for its owner alone
  if (!made)
    refuse(file);
  try {
    write_all(made.get(), content, file);
    if (::fchmod(made.get(), mode) != 0 || ::fsync(made.get()) != 0)
      refuse(file);
    // A link isn't made where there is a file already; a renaming replaces it.
    if ((overwrite ? ::rename(other.c_str(), file.c_str()) : ::link(other.c_str(), file.c_str())) != 0)
      refuse(file);
  } catch (...) {
    ::unlink(other.c_str());
    throw;
  }
  if (!overwrite)
    ::unlink(other.c_str());
}

std::string why_not_private(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0 || !S_ISREG(found.st_mode))
    return {};
  if (found.st_uid != 0 && found.st_uid != ::geteuid())
    return "it is another user's";
  const mode_t group = found.st_uid == 0 ? mode_t{S_IWGRP | S_IXGRP} : mode_t{S_IRWXG};
  const mode_t others = group | mode_t{S_IRWXO};
  if ((found.st_mode & others) == 0)
    return {};
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(found.st_mode & ALLPERMS));
  return "others can read or change it (mode " + std::string{mode.data()} + "): chmod 600";
}

} // namespace taskactor::detail
