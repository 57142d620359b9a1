/// How much is logged, for those who don't want spdlog's headers for it.
///
///     ta::task_manager tasks{{.log_level = ta::log_level::debug}};       // or TASKACTOR_LOG=debug
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace taskactor {

/// From this level on. Which event has which: see event.hpp.
enum class log_level : std::uint8_t { debug, info, warn, error, off };

std::string_view to_string(log_level level) noexcept;
/// "debug", "info", "warn", "error" or "off". None: something else.
std::optional<log_level> parse_log_level(std::string_view text) noexcept;

} // namespace taskactor
