/// A contender: a program that does a work once and says how long it took.
///
///     PROGRAM... WORK SIZE    prints {"seconds": on the wall, "cpu_seconds": of all processors}
///     PROGRAM... --about      prints {"name": ..., "version": ...}; or fails, and says what it lacks
///
/// taskactor is one itself (`taskactor-bench --once WORK SIZE`): each sample of each side comes from a fresh
/// process, so that nobody has the memory and threads that an earlier sample has warmed up, and a crash or
/// hang harms no other.
#pragma once

#include "work.hpp"

#include <taskactor/task_manager.hpp>

#include <filesystem>
#include <string>

namespace bench {

struct contender {
  std::string name;    ///< for a column: "AnyIO"
  std::string version; ///< "3.6.2 on Python 3.11.2"
  taskactor::command_line program;
};

/// This program, with so many scheduler threads (zero: as many as processors).
contender taskactor_itself(std::size_t scheduler_threads);
/// Asks a program who it is. Errors: `std::runtime_error` with what it lacks.
contender introduce(taskactor::task_manager& tasks, taskactor::command_line program);
/// One sample. Errors: `std::runtime_error` with what the program said.
sample measure(taskactor::task_manager& tasks, const contender& who, const work& what, std::size_t size);

/// Where the peers' programs are: installed beside this one, or in the source tree it was built from.
std::filesystem::path peers_folder();

} // namespace bench
