/// `make_system(config, threads, what_for)`: an actor system of our own; or, when its threads can't be had,
/// an error that says so.
///
/// CAF ends the program when one of its threads can't be made: those that it has made by then are destroyed
/// while they run. So as many threads are made before, and let go of when it is known that there is room.
/// What another program takes in that moment can't be known.
#pragma once

#include "base/new_thread.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace taskactor::detail {

/// Beside its workers: for the clock, for what prints, and one to spare.
inline constexpr std::size_t threads_beside_workers = 3;
/// Beside them, of a system with networking: who polls, and an actor of CAF's that has a thread of its own.
inline constexpr std::size_t threads_for_networking = 2;

/// Errors: `std::system_error` when there is no room for so many at once.
inline void check_room_for_threads(std::size_t count, const char* what_for) {
  std::latch go{1};
  std::vector<std::jthread> all;
  all.reserve(count);
  try {
    for (std::size_t i = 0; i < count; ++i)
      all.push_back(new_thread<std::jthread>(what_for, [&go] { go.wait(); }));
  } catch (...) {
    go.count_down();
    throw;
  }
  go.count_down();
}

/// `workers`: of its scheduler, and what comes on top. Errors: `std::system_error`.
inline std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& config, std::size_t workers,
                                                      const char* what_for) {
  check_room_for_threads(workers + threads_beside_workers, what_for);
  return std::make_unique<caf::actor_system>(config);
}

} // namespace taskactor::detail
