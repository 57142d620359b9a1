/// What a `store` is opened with.
#pragma once

#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace taskactor {

/// What a power failure may take. Neither loses anything when the program dies.
enum class store_sync : std::uint8_t {
  full,   ///< nothing: what a call has answered for stays
  normal, ///< the last calls before it; the store is whole all the same. Faster, where a disk is slow
};

/// Errors: `errc::invalid_argument`, naming the field.
struct store_options {
  /// How long a call may take in all, the calls before it included. It fails with `errc::store_timed_out`
  /// then, whatever holds up the store. Of `check` and `backup` of a file: until it begins.
  time_span call_timeout = std::chrono::seconds{30};
  /// How long the end of the last copy waits for the calls that were begun. What isn't done by then is left
  /// to the store's thread.
  time_span close_timeout = std::chrono::seconds{5};
  /// Bytes of a job's arguments, and of its result: what is larger is refused (`errc::payload_too_large`).
  std::size_t max_payload = std::size_t{1} << 20;
  store_sync sync = store_sync::full;
  /// False: a file that isn't there is an error.
  bool create = true;
  /// Other processes' changes are seen by a watch (inotify) on the folder of the file; without it, and where
  /// there are no watches left, once a second.
  bool watch = true;
};

} // namespace taskactor
