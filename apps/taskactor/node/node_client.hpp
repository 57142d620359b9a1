/// Asking another node something, from a command line.
#pragma once

#include "node/node_settings.hpp"

#include <taskactor/detail/json_type.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace taskactor::cli {

struct node_question {
  std::string address; ///< or ADDRESS=NAME
  node_settings certificates;
  std::string task;
  nlohmann::json arguments = nlohmann::json::array();
  std::optional<std::chrono::nanoseconds> timeout{};
};

/// The answer to `run`, or an exit code with what was wrong on standard error.
struct node_reply {
  std::optional<nlohmann::json> value{};
  int code = 0;
};
node_reply ask_node(const node_question& what);

} // namespace taskactor::cli
