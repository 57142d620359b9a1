/// `taskactor preview`: when a trigger fires next.
#pragma once

#include "shell/option_table.hpp"

#include <string>
#include <vector>

namespace taskactor::cli {

int run_preview(std::vector<std::string> arguments);

/// What completions and the manual say of it.
verb_entry preview_entry();

} // namespace taskactor::cli
