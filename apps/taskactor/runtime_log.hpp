/// Where the library's log goes: through the screen, so that it is never mixed with the live line.
#pragma once

#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace taskactor::cli {

class screen;

/// `level`: debug, info, warn, error or off. `where` must outlive the logger.
std::shared_ptr<spdlog::logger> make_runtime_log(screen& where, const std::string& level);

} // namespace taskactor::cli
