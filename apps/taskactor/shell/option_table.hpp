/// The options of a verb as plain data: what completions and the manual page are made from, so that they
/// can't tell anything else than the program does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace taskactor::cli {

struct option_entry {
  std::vector<std::string> names{}; ///< as they are typed: "-j", "--jobs"
  std::string value{};              ///< "N", "FILE", "DIR"; "[=FILE]": it may have one; empty: it takes none
  std::vector<std::string> choices{}; ///< all that the value can be; empty: many
  std::string text{};                 ///< its help, in one line
  std::string group{};

  /// The next word is its value.
  bool needs_value() const noexcept { return !value.empty() && value.front() != '['; }
};

/// In the order of the help.
std::vector<option_entry> option_table(const CLI::App& app);

/// Where the manual has a verb's options.
enum class verb_section : std::uint8_t { other, nodes, jobs, schedules };

struct verb_entry {
  std::string name{};
  std::string text{};
  std::string arguments{};             ///< "NAME [JSON]..."; empty: it takes none
  std::vector<option_entry> options{}; ///< but those of `run`
  std::vector<std::string> words{};    ///< all that its first argument can be; empty: many
  verb_section section = verb_section::other;
  bool takes_command = false; ///< behind `--`
};

/// Of the verbs of any program of named tasks.
std::vector<verb_entry> named_verb_table();

/// All that is typed before a command begins.
struct program_table {
  std::vector<verb_entry> verbs{};
  std::vector<option_entry> options{};     ///< of the program without a verb
  std::vector<option_entry> run_options{}; ///< of `taskactor run`
};

} // namespace taskactor::cli
