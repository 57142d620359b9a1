#include <taskactor/sync/broadcast.hpp>

#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>

#include <cstddef>
#include <string>

namespace taskactor::detail {

void throw_broadcast_closed() { throw error{errc::closed, "send: the broadcast is closed"}; }

void refuse_second_receive() {
  throw_rejection({errc::invalid_argument,
                   "receive: another receive of this receiver waits; subscribe once for each task"});
}

void check_broadcast_capacity(std::size_t capacity) {
  constexpr std::size_t most = std::size_t{1} << 30; // its ring is made at once
  if (capacity == 0 || capacity > most)
    throw_rejection({errc::invalid_argument, "broadcast: its capacity is " + std::to_string(capacity)
                                                 + "; it keeps one value at least, and at most 2^30"});
}

} // namespace taskactor::detail
