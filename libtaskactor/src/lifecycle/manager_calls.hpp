/// What is asked of a runtime and has a file of its own.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/explanation.hpp>
#include <taskactor/limits.hpp>

#include <caf/fwd.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class runtime;
struct limit_need;

/// What is meant by names of limiters, in the order in which all tasks take them; or what is wrong with them.
std::optional<rejection> find_needs(runtime& home, const std::vector<limit>& limits,
                                    std::vector<limit_need>& into);

/// `task_manager::explain`.
std::optional<explanation> explain(runtime& home, std::string_view id);

/// `task_manager::configure`.
void install_scheduler(caf::actor_system_config& config);

} // namespace taskactor::detail
