/// The ends of all times, as triggers have them.
#pragma once

#include <taskactor/schedule/fire_time.hpp>

#include <chrono>

namespace taskactor::detail {

/// Years 1 to 9999: what RFC 3339 can write.
inline constexpr fire_time first_time = std::chrono::sys_days{std::chrono::year{1} / 1 / 1},
                           no_time = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};
/// The least distance of two fires.
inline constexpr std::chrono::microseconds one_tick{1};

} // namespace taskactor::detail
