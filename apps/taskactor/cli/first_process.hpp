/// The program as the first process of a container (PID 1).
#pragma once

#include <optional>

namespace taskactor::cli {

/// The first process is given all orphans, and has to reap them; signals that it doesn't handle have no
/// effect on it. So it does nothing but that: the program goes on in a child, where this returns nothing, and
/// signals are passed on to it. Elsewhere nothing happens. To be called before there is a thread.
/// Returns the child's exit code in the first process.
std::optional<int> watch_as_first_process();

} // namespace taskactor::cli
