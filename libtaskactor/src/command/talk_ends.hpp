/// This program's ends of the pipes that a caller talks to its command over; they never block. None for a
/// stream that is something else.
#pragma once

#include "base/unique_fd.hpp"

namespace taskactor::detail {

struct talk_ends {
  unique_fd input, output, error;
};

} // namespace taskactor::detail
