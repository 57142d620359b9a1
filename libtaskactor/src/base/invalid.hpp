/// The refusal of a value: `errc::invalid_argument`, with what is wrong in words.
#pragma once

#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>

#include <string>
#include <utility>

namespace taskactor::detail {

inline rejection invalid(std::string what) { return {errc::invalid_argument, std::move(what)}; }
/// The same as an exception.
[[noreturn]] inline void throw_invalid(const std::string& what) { throw error{errc::invalid_argument, what}; }

} // namespace taskactor::detail
