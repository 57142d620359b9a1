#include <taskactor/sync/watch.hpp>

#include <taskactor/error.hpp>

#include <string>

namespace taskactor::detail {

void throw_watch_closed(const char* what) {
  throw error{errc::closed, std::string{what} + ": the watch is closed"};
}

} // namespace taskactor::detail
