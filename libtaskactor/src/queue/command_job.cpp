#include "queue/command_job.hpp"

#include <taskactor/error.hpp>
#include <taskactor/run_command.hpp>

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

struct stored_command {
  std::vector<std::string> argv;
  std::string cwd;
  std::optional<unsigned> umask;
  std::vector<std::pair<std::string, std::string>> env;
};

[[noreturn]] void refuse_command(const std::string& what) {
  throw error{errc::bad_arguments, "a command's arguments: " + what};
}

std::string text_of(const json& value, const std::string& what) {
  if (!value.is_string())
    refuse_command(what + ": expected a string");
  return value.get<std::string>();
}

stored_command parse_command(const std::string& stored) {
  constexpr unsigned largest_mask = 0777;
  const auto given = json::parse(stored, nullptr, false);
  if (!given.is_object())
    refuse_command("expected an object as JSON");
  stored_command made;
  for (const auto& [name, value] : given.items()) {
    if (name == "argv" && value.is_array()) {
      for (const auto& word : value)
        made.argv.push_back(text_of(word, name));
    } else if (name == "cwd") {
      made.cwd = text_of(value, name);
    } else if (name == "umask" && value.is_number_unsigned() && value.get<std::uint64_t>() <= largest_mask) {
      made.umask = value.get<unsigned>();
    } else if (name == "env" && value.is_object()) {
      for (const auto& [variable, content] : value.items())
        made.env.emplace_back(variable, text_of(content, "env." + variable));
    } else {
      refuse_command('"' + name + "\" isn't a part of one, or of another type");
    }
  }
  if (made.argv.empty())
    refuse_command("argv: the program is missing");
  return made;
}

task<json> run_stored(std::shared_ptr<const stored_command> what, command_sink output) {
  command_options how;
  how.clear_env = true;
  how.env = what->env;
  how.cwd = what->cwd;
  how.umask = what->umask;
  how.on_output = [output = std::move(output)](output_stream, std::string_view bytes) { output(bytes); };
  const command_result ended = co_await run_command(what->argv, std::move(how));
  if (!ended.success())
    throw std::runtime_error{ended.describe()};
  co_return json{{"exit_code", ended.exit_code}, {"signal", ended.term_signal}};
}

} // namespace

std::optional<int> exit_code_in(std::string_view error) noexcept { // as `command_result::describe` has it
  constexpr int signal_base = 128;
  for (const auto& [words, base] : {std::pair<std::string_view, int>{"exit code ", 0},
                                    std::pair<std::string_view, int>{"killed by signal ", signal_base}}) {
    const auto at = error.rfind(words);
    int number = 0;
    if (at != error.npos
        && std::from_chars(error.data() + at + words.size(), error.data() + error.size(), number).ec
               == std::errc{})
      return base + number;
  }
  return {};
}

std::function<task<json>()> bind_command(const std::string& stored, command_sink output) {
  return [what = std::make_shared<const stored_command>(parse_command(stored)), output = std::move(output)] {
    return run_stored(what, output);
  };
}

} // namespace taskactor::detail
