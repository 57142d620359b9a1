#include <taskactor/command.hpp>

#include "command/signal_name.hpp"

namespace taskactor {

std::string command_result::describe() const {
  if (term_signal != 0)
    return "killed by " + detail::signal_name(term_signal) + (core_dumped ? ", core dumped" : "");
  if (exit_code < 0)
    return "exit status unknown";
  return "exit code " + std::to_string(exit_code);
}

} // namespace taskactor
