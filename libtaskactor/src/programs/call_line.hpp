/// What a command line of `list` or `call` says. No task is looked for here.
#pragma once

#include <taskactor/detail/json_type.hpp>
#include <taskactor/named_program.hpp>
#include <taskactor/task_options.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace taskactor::detail {

/// A command line that can't be understood; the text says what is wrong with which word.
struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct call_line {
  bool help = false, json = false;
  std::vector<std::string> libraries{};
  std::optional<std::chrono::nanoseconds> timeout{};
  std::optional<taskactor::run_where> where{};
  std::string name{};
  std::vector<std::string> arguments{}; ///< behind the name, as they are
};

/// `words`: what comes behind the verb. Errors: `usage_error`.
call_line parse_call_line(const program_verb& verb, const std::vector<std::string>& words);

/// An array. Errors: `usage_error`, with the position of the word that is no JSON value.
nlohmann::json parse_arguments(const std::vector<std::string>& words);

} // namespace taskactor::detail
