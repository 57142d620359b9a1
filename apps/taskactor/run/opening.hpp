/// Opening and reading what may keep one waiting (a FIFO that nobody else opens), until the run is stopped.
#pragma once

#include "cli/descriptors.hpp"

#include <exception>
#include <string>

namespace taskactor::cli {

class run_control;

/// The run was stopped while it waited, before anything was run.
struct stopped_early : std::exception {
  const char* what() const noexcept override { return "stopped before the first item"; }
};

/// Never waits: a FIFO is open though nobody writes to it yet, and has no end before somebody has. Who reads
/// waits for that with `wait_readable`. None: see errno.
unique_fd open_to_read(const std::string& path) noexcept;

/// Waits until there is something to read, or the end. False: the run is stopped, or its time is up.
bool wait_readable(int fd, run_control& control);

/// Makes the file if it isn't there, and takes nothing away from what there is. Of a FIFO the reader is
/// waited for. None: see errno. Errors: `stopped_early`.
unique_fd open_to_write(const std::string& path, run_control& control);

} // namespace taskactor::cli
