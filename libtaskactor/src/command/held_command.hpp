/// A command whose descriptors were taken before its body began. Threads: any.
#pragma once

#include "command/stream_choice.hpp"

#include <taskactor/run_command.hpp>

#include <memory>

namespace taskactor::detail {

/// As `run_command`. `kept`: null, or what the options name.
task<command_result> run_held_command(command_line argv, command_options options,
                                      std::shared_ptr<kept_descriptors> kept);

} // namespace taskactor::detail
