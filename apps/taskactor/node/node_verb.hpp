/// `taskactor node`, and what is asked of nodes: `nodes`, `status`, `services`, `cancel`, `call --node`.
#pragma once

#include "shell/option_table.hpp"

#include <string>
#include <vector>

namespace taskactor::cli {

/// `taskactor node`: until TERM or INT.
int run_node(std::vector<std::string> arguments);
int run_nodes(std::vector<std::string> arguments);
int run_status(std::vector<std::string> arguments);
int run_services(std::vector<std::string> arguments);
int run_cancel(std::vector<std::string> arguments);
/// Whether the words behind `call` are for another node.
bool calls_node(const std::vector<std::string>& arguments);
int run_call_on_node(std::vector<std::string> arguments);

/// What completions and the manual say of these.
std::vector<verb_entry> node_verb_table();

} // namespace taskactor::cli
