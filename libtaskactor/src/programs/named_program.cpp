#include <taskactor/named_program.hpp>

#include "programs/call.hpp"
#include "programs/call_line.hpp"
#include "programs/listing.hpp"
#include "programs/verbs.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/task_library.hpp>
#include <taskactor/worker_entry.hpp>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

namespace taskactor {

namespace {

using namespace detail;

int print(const std::string& program, const std::string& text) {
  errno = 0;
  if (std::cout << text << std::flush)
    return completed;
  std::cerr << program << ": standard output can't be written: " << std::generic_category().message(errno)
            << '\n';
  return output_unwritable;
}

int run_verb(const std::string& program, const program_verb& verb, const std::vector<std::string>& words,
             const named_program_options& options) {
  const auto line = parse_call_line(verb, words);
  if (line.help)
    return print(program, verb_help(program, verb));
  for (const auto& library : line.libraries)
    load_tasks(library);
  if (registry::global().list().empty())
    std::cerr << program << ": no task is registered here; --load FILE loads a library of them\n";
  if (verb.name == "list")
    return print(program, line.json ? json_listing() : listing());
  return run_call(program, line, options);
}

std::string name_of(int argc, char* argv[]) {
  const std::string path = argc > 0 ? argv[0] : "";
  const auto slash = path.rfind('/');
  const auto name = slash == path.npos ? path : path.substr(slash + 1);
  return name.empty() ? "program" : name;
}

} // namespace

std::optional<int> named_entry(int argc, char* argv[], const named_program_options& options) {
  if (const auto code = worker_entry(argc, argv))
    return code;
  const auto* const verb = argc < 2 ? nullptr : find_verb(argv[1]);
  if (!verb)
    return {};
  const auto program = name_of(argc, argv);
  const auto say = [&](const std::string& text) { std::cerr << program << ": " << text << '\n'; };
  try {
    return run_verb(program, *verb, {argv + 2, argv + argc}, options);
  } catch (const usage_error& error) {
    say(error.what() + ("\nTry `" + program + ' ') + argv[1] + " --help`.");
    return bad_usage;
  } catch (const std::system_error& error) {
    say(visible(message_of(error)));
    return error.code() == errc::library_not_loaded ? library_unloadable
           : error.code() == errc::invalid_argument ? bad_usage
                                                    : failed;
  }
}

int named_program(int argc, char* argv[], const named_program_options& options) {
  if (const auto code = named_entry(argc, argv, options))
    return *code;
  const auto program = name_of(argc, argv);
  const std::string word = argc < 2 ? "" : argv[1];
  if (word == "--help" || word == "-h")
    return print(program, program_help(program));
  if (argc >= 2)
    std::cerr << program << ": \"" << word << "\" is none of its verbs\n";
  std::cerr << program_help(program);
  return bad_usage;
}

} // namespace taskactor
