/// Tasks that sleep until they are cancelled, for the works that are about many of them.
#pragma once

#include <taskactor/taskactor.hpp>

#include <cstddef>
#include <vector>

namespace bench {

class sleepers {
public:
  /// Returns when all of them sleep.
  sleepers(taskactor::task_manager& tasks, std::size_t size);
  /// Cancels them all; returns when each has been seen to be cancelled. Errors: `std::runtime_error` when one
  /// has ended in another way.
  void cancel();

private:
  taskactor::task_manager& tasks_;
  std::vector<taskactor::handle<void>> handles_;
};

/// For a manager that so many can sleep in.
taskactor::manager_options room_for(std::size_t size, std::size_t scheduler_threads);

} // namespace bench
