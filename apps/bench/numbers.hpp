/// Numbers as people read them.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

/// "512,345"
std::string grouped(double value);
/// "27.1", "134": three digits or so.
std::string rounded(double value);
/// To the left or right edge of a column of so many letters.
std::string left(std::string text, std::size_t width);
std::string right(std::string text, std::size_t width);

} // namespace bench
