/// The tasks of this program, as `list` prints them.
#pragma once

#include <string>

namespace taskactor::detail {

/// A line each: "resize(string, int = 100) -> string".
std::string listing();
/// The same as a JSON object each.
std::string json_listing();

} // namespace taskactor::detail
