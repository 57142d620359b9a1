/// What a record is, and where it stands. Not for users.
#pragma once

#include <taskactor/detail/context.hpp>

#include <cstdint>

namespace taskactor::detail {

enum class record_kind : std::uint8_t {
  task,        ///< has an id in the table, counts against `max_queue`
  gather_slot, ///< runs items of a gather, one after the other
  claim,       ///< tokens of named limiters for a part of a body; has no actor
};

/// Where a record stands with the manager.
enum class phase : std::uint8_t {
  outside,
  waiting,
  backing_off,
  running,
  in_grace,
  killed,
  asking,
  overrun,
  gone
};

// Bits of a record's control word, beside those of `record`.
/// The manager has decided, and not the body.
inline constexpr std::uint64_t answered_bit = 32;
/// The manager wants another attempt of a task whose last one goes on.
inline constexpr std::uint64_t leave_bit = 64;
/// The body has decided and its outcome is there; its actor is in `retry_on`. As long as this is set, the
/// manager may take the outcome, by `answered_bit`: then the actor doesn't look at it any more.
inline constexpr std::uint64_t asking_bit = 128;
/// The body has decided, its outcome is there, and its actor is parked until what it has left behind has
/// ended. The manager may take the outcome in the same way.
inline constexpr std::uint64_t parked_bit = 256;

/// What a slot of a gather answers when its time may be up.
struct deadline_check {
  bool expired = false;                // its item has been given its outcome: the body is to be asked to end
  time_point next = time_point::max(); // when to look again, unless expired
};

} // namespace taskactor::detail
