#include <taskactor/sync/broadcast.hpp>

#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>

namespace taskactor::detail {

void throw_broadcast_closed() { throw error{errc::closed, "send: the broadcast is closed"}; }

void refuse_second_receive() {
  throw_rejection({errc::invalid_argument,
                   "receive: another receive of this receiver waits; subscribe once for each task"});
}

void check_broadcast_capacity(std::size_t capacity) {
  if (capacity == 0)
    throw_rejection(
        {errc::invalid_argument, "broadcast: its capacity is 0; it has to keep one value at least"});
}

} // namespace taskactor::detail
