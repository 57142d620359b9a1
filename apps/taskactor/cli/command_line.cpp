#include "cli/command_line.hpp"

#include "cli/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <iostream>
#include <utility>

namespace taskactor::cli {

int answer(const CLI::App& app, const CLI::ParseError& what) {
  if (what.get_exit_code() != 0) {
    std::cerr << "taskactor: " << what.what() << "\nTry `" << app.get_name() << " --help`.\n";
    return bad_usage;
  }
  app.exit(what);
  return std::cout.flush() ? all_completed : output_unwritable;
}

std::optional<int> parse(CLI::App& app, std::vector<std::string> arguments) {
  try {
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the end
    app.parse(std::move(arguments));
    return {};
  } catch (const CLI::ParseError& what) {
    return answer(app, what);
  }
}

int say(const std::string& text, int code) {
  std::cerr << "taskactor: " << detail::visible(text) << '\n';
  return code;
}

} // namespace taskactor::cli
