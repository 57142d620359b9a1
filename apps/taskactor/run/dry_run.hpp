/// `taskactor run --dry-run`: prints the commands, each as a line for a shell.
#pragma once

namespace taskactor::cli {

class command_template;
class pending_items;
class run_control;
class screen;

/// Returns the exit code.
int print_commands(const command_template& command, pending_items& items, run_control& control,
                   screen& where);

} // namespace taskactor::cli
