/// What a pool keeps for each of its workers, under its lock.
#pragma once

#include <cstddef>

namespace taskactor::detail {

struct pool_entry {
  const unsigned begun_after; // as many starts had failed, one after the other
  std::size_t calls = 0;
  bool lives = false; // it was able to start
};

} // namespace taskactor::detail
