/// Rows in columns, for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace taskactor::cli {

/// A line for each row, whatever its cells are: they are made visible. `width`: columns of the terminal, at
/// which lines are cut; zero: they are whole.
std::string table(std::vector<std::vector<std::string>> rows, std::size_t width = 0);

/// The first characters of one line that fit into so many columns, and three dots where some are missing.
std::string cut_to(const std::string& line, std::size_t width);

/// Columns of the terminal that standard output is; zero: it is none.
std::size_t output_width() noexcept;

} // namespace taskactor::cli
