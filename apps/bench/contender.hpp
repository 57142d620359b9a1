/// A contender: a program that does a work once and says what it took.
///
///     PROGRAM... WORK SIZE    prints {"seconds": on the wall, "cpu_seconds": of all processors}, or what
///                             else the work is about (figure.hpp); fails when a task gave a wrong result
///     PROGRAM... --about      prints {"name": ..., "version": ..., "works": [...]}; or fails, and says what
///                             it lacks
///
/// taskactor is one itself (`taskactor-bench --once WORK SIZE`): each sample of each side comes from a fresh
/// process, so that nobody has the memory and threads that an earlier sample has warmed up, and a crash or
/// hang harms no other.
#pragma once

#include "work.hpp"

#include <taskactor/task_manager.hpp>

#include <string>
#include <vector>

namespace bench {

struct contender {
  std::string name;    ///< on the command line: "anyio"
  std::string title;   ///< for a column: "AnyIO"
  std::string version; ///< "3.6.2 on Python 3.11.2"
  std::vector<std::string> works{};
  bool slow = false; ///< does a work's `slow_size`
  taskactor::command_line program;

  bool does(const work& what) const;
};

/// This program, with so many scheduler threads (zero: as many as processors).
contender taskactor_itself(std::size_t scheduler_threads);
/// What a program says of itself, to be named by its caller. Errors: `std::runtime_error` with what it lacks.
contender introduce(taskactor::task_manager& tasks, taskactor::command_line program);
/// One sample. Errors: `std::runtime_error` with what the program said.
sample measure(taskactor::task_manager& tasks, const contender& who, const work& what, std::size_t size);

} // namespace bench
