/// File descriptors: writing to one, and having enough of them.
#pragma once

#include "base/unique_fd.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace taskactor::cli {

using detail::unique_fd;

/// Errors: `std::system_error`.
unique_fd make_eventfd();

/// Writes all of it, however often that takes. Returns an `errno`; 0: all is written.
int write_all(int fd, std::string_view bytes) noexcept;

/// As `write_all`; a regular file whose disk is full is cut back to what it was, so that no half line stays.
int append_whole(int fd, std::string_view bytes) noexcept;

/// Gives the standard streams that the program was started without to /dev/null, so that no other file
/// becomes one.
void open_standard_streams() noexcept;

struct descriptor_room {
  std::size_t jobs = 0; ///< so many commands may run at once
  /// What the soft limit was, if it has been raised: commands are to have that one, since some don't bear a
  /// large one.
  std::optional<std::size_t> limit_before{};
};

/// How many commands may run at once with the descriptors that there are: `wanted` if they suffice, after
/// raising the soft limit if need be; 0 asks for as many as possible.
descriptor_room room_for_jobs(std::size_t wanted) noexcept;

} // namespace taskactor::cli
