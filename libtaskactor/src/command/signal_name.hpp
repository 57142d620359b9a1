/// "signal 15 (TERM)"; "signal 35" for one that has no name.
#pragma once

#include <string>

namespace taskactor::detail {

std::string signal_name(int signal);

} // namespace taskactor::detail
