/// The way into the manager, for the templates of the front door. Not for users.
#pragma once

#include <taskactor/run/record.hpp>

#include <optional>

namespace taskactor::detail {

/// Rule 1: decides at once, in the caller's thread. Empty: admitted.
std::optional<rejection> admit(runtime& where, ref<record> what, task_options options);

} // namespace taskactor::detail
