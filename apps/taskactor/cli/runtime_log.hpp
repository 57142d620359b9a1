/// Where the library's log goes: through the screen, so that it is never mixed with the live line, and that
/// nobody who logs waits for a reader.
#pragma once

#include <memory>

namespace spdlog {
class logger;
}

namespace taskactor::cli {

class screen;

/// `where` must outlive the logger.
std::shared_ptr<spdlog::logger> make_runtime_log(screen& where);

} // namespace taskactor::cli
