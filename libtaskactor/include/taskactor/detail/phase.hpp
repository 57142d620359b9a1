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

/// What a slot of a gather answers when its time may be up.
struct deadline_check {
  bool expired = false;                // its item has been given its outcome: the body is to be asked to end
  time_point next = time_point::max(); // when to look again, unless expired
};

} // namespace taskactor::detail
