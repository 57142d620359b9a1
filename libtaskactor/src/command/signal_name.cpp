#include "command/signal_name.hpp"

#include <cstring>

namespace taskactor::detail {

std::string signal_name(int signal) {
  auto text = "signal " + std::to_string(signal);
  if (const char* name = sigabbrev_np(signal))
    text.append(" (").append(name).append(")");
  return text;
}

} // namespace taskactor::detail
