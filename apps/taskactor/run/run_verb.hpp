/// `taskactor run`: one task for each item, from the input to the summary.
#pragma once

namespace taskactor::cli {

struct run_options;

/// Returns the exit code.
int run_commands(run_options options);

} // namespace taskactor::cli
