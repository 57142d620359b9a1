/// The refusal of a value: `errc::invalid_argument`, with what is wrong in words.
#pragma once

#include <taskactor/expected.hpp>

#include <string>
#include <utility>

namespace taskactor::detail {

inline rejection invalid(std::string what) { return {errc::invalid_argument, std::move(what)}; }

} // namespace taskactor::detail
