#include "programs/verbs.hpp"

#include <algorithm>

namespace taskactor {

namespace {

constexpr program_option load{"--load", "FILE", "Load a library of tasks before; may be given again"};
constexpr program_option help{"--help", "", "Print this help"};

constexpr program_option list_options[] = {
    {"--json", "", "An object a line: name, signature, parameters, required, where, timeout, place"},
    load,
    help,
};
constexpr program_option call_options[] = {
    {"--timeout", "TIME",
     "How long the task may run: 90, 1.5s, 500ms, 2m, 1h, none; else as it is registered"},
    {"--where", "actor|thread|process", "Where it runs; else as it is registered"},
    load,
    help,
};
constexpr program_verb verbs[] = {
    {"list", "", "Print the names and signatures of all tasks", list_options},
    {"call", "NAME [JSON]...", "Run a task, and print its result as JSON", call_options},
};

constexpr program_word exit_codes[] = {
    {"0", "the task has completed"},
    {"1", "it has failed, or was cancelled"},
    {"2", "bad usage: no such task, arguments that don't fit it, an option that isn't known"},
    {"3", "its time was up"},
    {"4", "a library can't be loaded"},
    {"5", "standard output can't be written, or the result has no JSON form"},
    {"130", "it was cancelled by Ctrl-C (129: by HUP, 143: by TERM)"},
};

constexpr std::string_view argument_note = "Each JSON is one argument: 100, true, null, '\"text\"', '[1, "
                                           "2]', '{\"width\": 3}'. What begins with a dash "
                                           "behind NAME is an argument, too.\n";

/// Lines of words with their meanings, in two columns.
class columns {
public:
  void add(std::string word, std::string_view text) {
    width_ = std::max(width_, word.size());
    lines_.emplace_back(std::move(word), text);
  }
  std::string text() const {
    std::string result;
    for (const auto& [word, text] : lines_)
      result += "  " + word + std::string(width_ + 2 - word.size(), ' ') + std::string{text} + '\n';
    return result;
  }

private:
  std::size_t width_ = 0;
  std::vector<std::pair<std::string, std::string_view>> lines_;
};

std::string with(std::string_view word, std::string_view more) {
  return std::string{word} + (more.empty() ? "" : " ") + std::string{more};
}

} // namespace

std::span<const program_verb> named_verbs() noexcept { return verbs; }
std::span<const program_word> named_exit_codes() noexcept { return exit_codes; }

namespace detail {

const program_verb* find_verb(std::string_view name) noexcept {
  const auto* const found = std::find_if(std::begin(verbs), std::end(verbs),
                                         [name](const program_verb& each) { return each.name == name; });
  return found == std::end(verbs) ? nullptr : found;
}

std::string program_help(const std::string& program) {
  columns table;
  for (const auto& verb : verbs)
    table.add(with(verb.name, verb.arguments), verb.text);
  return "Usage: " + program + " VERB [OPTION]... [ARG]...\n\n" + table.text() + "\nSee `" + program
         + " VERB --help`.\n";
}

std::string verb_help(const std::string& program, const program_verb& which) {
  columns options, codes;
  for (const auto& option : which.options)
    options.add(with(option.name, option.value), option.text);
  for (const auto& [code, text] : exit_codes)
    codes.add(std::string{code}, text);
  std::string result = "Usage: " + program + ' ';
  result.append(which.name).append(" [OPTION]...");
  if (!which.arguments.empty())
    result.append(" ").append(which.arguments);
  result.append("\n\n").append(which.text).append(".\n\n").append(options.text()).append("\n");
  if (!which.arguments.empty())
    result.append(argument_note).append("\n");
  return result.append("Exit codes:\n").append(codes.text());
}

} // namespace detail
} // namespace taskactor
