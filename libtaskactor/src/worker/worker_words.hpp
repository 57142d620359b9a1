/// The command line that starts a worker.
#pragma once

#include <taskactor/command.hpp>

#include <string>
#include <vector>

namespace taskactor::detail {

/// Of `program` with its arguments; empty: this one. `libraries`: what the worker is to load, whatever its
/// own arguments name.
command_line worker_words(std::vector<std::string> program, const std::vector<std::string>& libraries);

} // namespace taskactor::detail
