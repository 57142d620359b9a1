/// The manual page taskactor(1), in the macros of man(7): made from the same options and texts as the help.
#pragma once

#include <string>

namespace taskactor::cli {

struct program_table;

/// `version`: "taskactor 1.2.3".
std::string manual_page(const program_table& table, const std::string& version);

} // namespace taskactor::cli
