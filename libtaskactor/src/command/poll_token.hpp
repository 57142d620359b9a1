/// What a token of the serving thread's poller says: which descriptor, and of which command.
#pragma once

#include <cstdint>

namespace taskactor::detail {

/// The first two are the loop's own.
enum class part : std::uint64_t { wakeup_fd, watchdog, input, output, error, exit };

constexpr std::uint64_t make_token(std::uint64_t key, part which) {
  return key << 3 | static_cast<std::uint64_t>(which);
}
constexpr std::uint64_t key_of(std::uint64_t token) { return token >> 3; }
constexpr part part_of(std::uint64_t token) { return static_cast<part>(token & 7); }

} // namespace taskactor::detail
