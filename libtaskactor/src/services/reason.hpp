/// What a CAF reason for an actor's end comes to: how it counts, and how it reads.
#pragma once

#include "services/supervision.hpp"

#include <caf/error.hpp>

#include <string>

namespace taskactor::detail {

exit_kind kind_of(const caf::error& reason);
/// "normal", "user_shutdown", "runtime_error (\"disk full\")"; of ours the message.
std::string in_words(const caf::error& reason);

} // namespace taskactor::detail
