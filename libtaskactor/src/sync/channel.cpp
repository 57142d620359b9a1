#include <taskactor/sync/channel.hpp>

#include <taskactor/error.hpp>

#include <string>

namespace taskactor::detail {

void throw_closed(const char* what) { throw error{errc::closed, std::string{what} + ": it is closed"}; }

} // namespace taskactor::detail
