/// Which failed system calls are worth another try when something has ended: those for which the machine, or
/// a limit that is set, has had no room.
#pragma once

#include <cerrno>
#include <system_error>

namespace taskactor::detail {

inline bool is_shortage(int error) noexcept {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOBUFS
         || error == ENOSPC;
}

/// Of an error that the system has told, not of one of ours.
inline bool is_shortage(const std::error_code& code) noexcept {
  const bool of_system
      = code.category() == std::generic_category() || code.category() == std::system_category();
  return of_system && is_shortage(code.value());
}

} // namespace taskactor::detail
