/// The program of the watchdog (watchdog.c), carried in the library and made executable by a descriptor.
///
/// It lives in memory, sealed; where a system refuses to execute that, in a private temporary file without a
/// name. Errors: `std::system_error` when no place for it can be found, or no descriptor.
#pragma once

#include "base/unique_fd.hpp"

#include <string>

namespace taskactor::detail {

class watchdog_image {
public:
  /// Finds a place from which the watchdog can be started, by starting it.
  watchdog_image();
  /// The path to start; good in this process, and in a child until it executes something.
  const std::string& path() const noexcept { return path_; }

private:
  unique_fd file_;
  std::string path_;
};

/// The two kinds of place; each throws `std::system_error` where it can't be had.
unique_fd watchdog_in_memory();
unique_fd watchdog_in_directory(const std::string& directory);

} // namespace taskactor::detail
