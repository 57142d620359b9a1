/// The version of these headers. Before 1.0 the binary interface may change with any of them.
#pragma once

#include <cstdint>

namespace taskactor {

inline constexpr std::uint32_t version_major = 0;
inline constexpr std::uint32_t version_minor = 2;
inline constexpr std::uint32_t version_patch = 0;

} // namespace taskactor
