// taskactor: the program. Its verbs do their work with the library of the same name.
#include "descriptors.hpp"
#include "exit_code.hpp"
#include "run_options.hpp"
#include "run_verb.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace cli = taskactor::cli;

namespace {

constexpr const char* version = "taskactor " TASKACTOR_VERSION;

/// Prints help, version, or what is wrong.
int answer(const CLI::App& app, const CLI::ParseError& what) {
  if (what.get_exit_code() != 0) {
    std::cerr << "taskactor: " << what.what() << "\nTry `" << app.get_name() << " --help`.\n";
    return cli::bad_usage;
  }
  app.exit(what);
  return std::cout.flush() ? cli::all_completed : cli::output_unwritable;
}

int run(std::vector<std::string> arguments) {
  CLI::App verb{"", "taskactor run"};
  verb.set_version_flag("--version", version)->group("Messages");
  cli::run_options options;
  cli::add_options(verb, options);
  cli::take_command(verb, arguments, options);
  try {
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the end
    verb.parse(std::move(arguments));
    cli::check(options);
  } catch (const CLI::ParseError& what) {
    return answer(verb, what);
  }
  return cli::run_commands(std::move(options));
}

int no_verb(std::vector<std::string> arguments) {
  CLI::App app{"Tasks on actors: many things done, so many at a time, and what became of each.", "taskactor"};
  app.set_version_flag("--version", version);
  app.add_subcommand("run", "Run a command for each item: see taskactor run --help");
  app.get_formatter()->label("OPTIONS", "OPTION");
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.get_formatter()->label("Subcommands", "Verbs");
  if (arguments.empty()) {
    std::cerr << app.help();
    return cli::bad_usage;
  }
  try {
    app.require_subcommand(1);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& what) {
    return answer(app, what);
  }
  return cli::bad_usage;
}

} // namespace

int main(int count, char** words) {
  cli::open_standard_streams();
  std::vector<std::string> arguments(words + std::min(count, 1), words + count);
  try {
    if (arguments.empty() || arguments.front() != "run")
      return no_verb(std::move(arguments));
    arguments.erase(arguments.begin());
    return run(std::move(arguments));
  } catch (const std::exception& error) {
    std::cerr << "taskactor: " << error.what() << '\n';
    return cli::output_unwritable;
  }
}
