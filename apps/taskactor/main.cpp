// taskactor: the program. Its verbs do their work with the library of the same name.
#include "cli/command_line.hpp"
#include "cli/descriptors.hpp"
#include "cli/exit_code.hpp"
#include "cli/first_process.hpp"
#include "jobs/queue_verbs.hpp"
#include "node/node_cert.hpp"
#include "node/node_verb.hpp"
#include "run/run_options.hpp"
#include "run/run_verb.hpp"
#include "schedule/preview_verb.hpp"
#include "shell/completion.hpp"
#include "shell/manual.hpp"
#include "shell/option_table.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/named_program.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <csignal>

namespace cli = taskactor::cli;

namespace {

constexpr const char* version = "taskactor " TASKACTOR_VERSION;

/// The command line of `taskactor run`.
struct run_line {
  run_line() {
    app.set_version_flag("--version", version)->group("Messages");
    cli::add_options(app, options);
  }

  CLI::App app{"", "taskactor run"};
  cli::run_options options;
};

int run(std::vector<std::string> arguments) {
  run_line line;
  cli::take_command(line.app, arguments, line.options);
  try {
    std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the end
    line.app.parse(std::move(arguments));
    cli::check(line.options);
  } catch (const CLI::ParseError& what) {
    return cli::answer(line.app, what);
  }
  return cli::run_commands(std::move(line.options));
}

/// The command line of `taskactor node cert`.
struct node_cert_line {
  node_cert_line() { cli::add_options(app, options); }

  CLI::App app{"", "taskactor node cert"};
  cli::node_cert_options options;
};

int make_node_certificates(std::vector<std::string> arguments) {
  node_cert_line line;
  if (const auto answered = cli::parse(line.app, std::move(arguments)))
    return *answered;
  return cli::make_certificates(line.options);
}

struct verb {
  const char* name; ///< one word, or two: "node cert"
  const char* text; ///< empty: not for users
  const char* arguments;
  int (*run)(std::vector<std::string> arguments);
};

int complete(std::vector<std::string> arguments);
int print_manual(std::vector<std::string> arguments);

constexpr verb verbs[] = {
    {"run", "Run a command for each item (taskactor run --help)", "", run},
    {"node", "", "", cli::run_node},
    {"nodes", "", "", cli::run_nodes},
    {"services", "", "", cli::run_services},
    {"push", "", "", cli::run_push},
    {"work", "", "", cli::run_work},
    {"jobs", "", "", cli::run_jobs},
    {"job", "", "", cli::run_job},
    {"log", "", "", cli::run_log},
    {"wait", "", "", cli::run_wait},
    {"retry", "", "", cli::run_retry},
    {"cancel", "", "", cli::run_cancel_of_jobs},
    {"delete", "", "", cli::run_delete},
    {"pause", "", "", cli::run_pause},
    {"resume", "", "", cli::run_resume},
    {"limit", "", "", cli::run_limit},
    {"status", "", "", cli::run_status_of_store},
    {"store", "", "", cli::run_store},
    {"preview", "", "", cli::run_preview},
    {"schedule", "", "", cli::run_schedule},
    {"schedule add", "", "", cli::run_schedule_add},
    {"schedule list", "", "", cli::run_schedule_list},
    {"schedule preview", "", "", cli::run_schedule_preview},
    {"schedule pause", "", "", cli::run_schedule_pause},
    {"schedule resume", "", "", cli::run_schedule_resume},
    {"schedule run", "", "", cli::run_schedule_run},
    {"schedule delete", "", "", cli::run_schedule_delete},
    {"node cert", "Make certificates for nodes (taskactor node cert --help)", "[NAME]...",
     make_node_certificates},
    {"completion", "Print a completion script for bash or zsh", "SHELL", complete},
    {"man", "", "", print_manual},
};

/// With those of any program of named tasks: here the tasks are those of libraries.
std::vector<cli::verb_entry> verbs_of_users() {
  auto result = cli::queue_verb_table();
  result.push_back(cli::preview_entry());
  for (auto& each : cli::node_verb_table()) // but those that are of jobs as well
    if (std::none_of(result.begin(), result.end(), [&](const auto& one) { return one.name == each.name; }))
      result.push_back(std::move(each));
  for (const auto& each : verbs)
    if (*each.text)
      result.push_back({each.name, each.text, each.arguments});
  for (auto& each : cli::named_verb_table())
    result.push_back(std::move(each));
  const auto run
      = std::find_if(result.begin(), result.end(), [](const auto& each) { return each.name == "run"; });
  std::rotate(result.begin(), run, std::next(run)); // what most want of it
  return result;
}

/// The command line without a verb.
struct bare_line {
  bare_line() {
    app.set_version_flag("--version", version);
    app.get_formatter()->label("OPTIONS", "OPTION");
    app.get_formatter()->label("SUBCOMMAND", "VERB");
    app.require_subcommand(1);
    for (const auto& each : verbs_of_users())
      add(each.name.substr(0, each.name.find(' ')), each.text);
  }

  /// Once.
  void add(const std::string& word, const std::string& text) {
    const auto same = [&](const CLI::App* each) { return each->get_name() == word; };
    if (app.get_subcommands(same).empty())
      app.add_subcommand(word, text)->group("Verbs");
  }

  CLI::App app{"Tasks on actors: many things done, so many at a time, and what became of each.", "taskactor"};
};

cli::program_table table() {
  const bare_line bare;
  const run_line line;
  auto all = verbs_of_users();
  auto& options = std::find_if(all.begin(), all.end(), [](const auto& each) {
                    return each.name == "node cert";
                  })->options;
  options = cli::option_table(node_cert_line{}.app);
  std::erase_if(options, [](const auto& each) { return each.names.empty(); }); // its arguments
  return {.verbs = std::move(all),
          .options = cli::option_table(bare.app),
          .run_options = cli::option_table(line.app)};
}

int print(const std::string& text) {
  return std::cout << text << std::flush ? cli::all_completed : cli::output_unwritable;
}

int complete(std::vector<std::string> arguments) {
  std::vector<std::string> shells;
  for (const auto shell : cli::completion_shells())
    shells.emplace_back(shell);
  CLI::App app{"Prints a script that makes a shell complete the command lines of taskactor.\n\n"
               "  bash  in ~/.bashrc: source <(taskactor completion bash)\n"
               "  zsh   in ~/.zshrc, after compinit: source <(taskactor completion zsh)\n"
               "        or as a file _taskactor in a folder of fpath",
               "taskactor completion"};
  std::string shell;
  app.add_option("SHELL", shell, "bash or zsh")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember(shells).description(""));
  if (const auto answered = cli::parse(app, std::move(arguments)))
    return *answered;
  return print(cli::completion_script(shell, table()));
}

/// For the build of the page.
int print_manual(std::vector<std::string>) { return print(cli::manual_page(table(), version)); }

/// Of so many words, at the beginning.
const verb* find_verb(const std::vector<std::string>& arguments, std::ptrdiff_t words) {
  if (std::ssize(arguments) < words)
    return std::end(verbs);
  std::string name;
  for (std::ptrdiff_t i = 0; i < words; ++i)
    name += (i ? " " : "") + arguments[static_cast<std::size_t>(i)];
  return std::find_if(std::begin(verbs), std::end(verbs),
                      [&](const verb& each) { return name == each.name; });
}

int no_verb(std::vector<std::string> arguments) {
  bare_line line;
  if (arguments.empty()) {
    std::cerr << line.app.help();
    return cli::bad_usage;
  }
  return cli::parse(line.app, std::move(arguments)).value_or(cli::bad_usage);
}

} // namespace

int main(int count, char** words) {
  cli::open_standard_streams();
  std::signal(SIGCHLD,
              SIG_DFL); // who started us may have ignored it: then no command would have an exit status
  if (const auto code = cli::watch_as_first_process())
    return *code;
  std::vector<std::string> arguments(words + std::min(count, 1), words + count);
  if (count > 2 && arguments.front() == "call" && cli::calls_node({arguments.begin() + 1, arguments.end()}))
    return cli::run_call_on_node({arguments.begin() + 1, arguments.end()});
  if (const auto code = taskactor::named_entry(count, words)) // a verb of tasks, or this is a worker
    return *code;
  try {
    for (const std::ptrdiff_t length : {2, 1}) {
      const auto named = find_verb(arguments, length);
      if (named == std::end(verbs))
        continue;
      arguments.erase(arguments.begin(), arguments.begin() + length);
      return named->run(std::move(arguments));
    }
    return no_verb(std::move(arguments));
  } catch (const std::exception& error) {
    std::cerr << "taskactor: " << error.what() << '\n';
    return cli::output_unwritable;
  }
}
