/// A value as JSON text, for a program that prints it.
#pragma once

#include <taskactor/detail/json_type.hpp>

#include <string>

namespace taskactor::detail {

/// In one line; bytes as the array of numbers that they are taken from. Errors: `std::invalid_argument` says
/// what in it has no JSON form, which nlohmann-json would leave out or make null of.
std::string json_text(const json& value);

} // namespace taskactor::detail
