#include "shell/completion.hpp"

#include "cli/text.hpp"
#include "shell/completion_scripts.hpp"
#include "shell/option_table.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace taskactor::cli {

namespace {

constexpr std::string_view shells[] = {"bash", "zsh"};

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string result;
  for (const auto& word : words)
    result += (result.empty() ? "" : between) + word;
  return result;
}

std::vector<std::string>
names_of(const std::vector<option_entry>& options,
         const std::function<bool(const option_entry&, const std::string&)>& wanted) {
  std::vector<std::string> result;
  for (const auto& option : options)
    for (const auto& name : option.names)
      if (wanted(option, name))
        result.push_back(name);
  return result;
}

std::vector<std::string> all_names(const std::vector<option_entry>& options) {
  return names_of(options, [](const auto&, const auto&) { return true; });
}

bool is_long(const std::string& name) { return name.starts_with("--"); }

/// Its name has two words.
bool is_second(const verb_entry& verb) { return verb.name.find(' ') != verb.name.npos; }

std::string first_word(const verb_entry& verb) { return verb.name.substr(0, verb.name.find(' ')); }
std::string second_word(const verb_entry& verb) { return verb.name.substr(verb.name.find(' ') + 1); }

std::string first_words(const program_table& table) {
  auto result = all_names(table.options);
  for (const auto& verb : table.verbs)
    if (auto word = first_word(verb); std::find(result.begin(), result.end(), word) == result.end())
      result.push_back(std::move(word));
  return joined(result, " ");
}

std::string replaced(std::string_view script,
                     const std::vector<std::pair<std::string_view, std::string>>& places) {
  std::string result{script};
  for (const auto& [place, text] : places)
    for (auto at = result.find(place); at != result.npos; at = result.find(place, at + text.size()))
      result.replace(at, place.size(), text);
  return result;
}

// -- bash -------------------------------------------------------------------

/// How bash completes a value: as a line of a `case`.
std::string bash_value(const option_entry& option) {
  std::string action;
  if (option.value == "FILE")
    action = "compgen -f";
  else if (option.value == "DIR")
    action = "compgen -d";
  else if (!option.choices.empty())
    action = "compgen -W '" + joined(option.choices, " ") + '\'';
  else
    return {};
  std::vector<std::string> patterns = option.names;
  for (const auto& name : option.names)
    if (!is_long(name)) // the last of several in a word
      patterns.push_back("-[!-]*" + name.substr(1));
  const std::string files = option.choices.empty() ? "compopt -o filenames 2>/dev/null; " : "";
  return "    " + joined(patterns, "|") + ") " + files + "mapfile -t COMPREPLY < <(" + action
         + " -- \"$2\") ;;\n";
}

/// The verbs of named tasks, whose options all have long names.
struct named_parts {
  std::string verbs{}, values{}, zsh{};
  std::vector<std::string> with_value{};
};

std::string zsh_option(const option_entry& option);

/// The verbs whose names begin with this word.
struct verb_group {
  std::vector<const verb_entry*> seconds{}; // those of two words
  const verb_entry* alone = nullptr;        // that is only it

  verb_group(const program_table& table, const std::string& word) {
    for (const auto& each : table.verbs)
      if (each.name == word)
        alone = &each;
      else if (is_second(each) && first_word(each) == word)
        seconds.push_back(&each);
  }

  std::string second_words() const {
    std::vector<std::string> all;
    all.reserve(seconds.size());
    for (const auto* each : seconds)
      all.push_back(second_word(*each));
    return joined(all, " ");
  }
};

/// `words`: how many the verb has, with the program's.
std::string bash_options(const verb_entry& verb, const char* words) {
  return "_taskactor_named '" + joined(all_names(verb.options), " ") + "' " + words
         + (verb.takes_command ? " command"
            : is_second(verb)  ? " names"
                               : "");
}

std::string bash_verb(const verb_entry& verb) {
  if (verb.words.empty())
    return "    " + verb.name + ") " + bash_options(verb, "2") + " ;;\n";
  return "    " + verb.name + ") if ((COMP_CWORD == 2)) && [[ $cur != -* ]]; then mapfile -t COMPREPLY < <("
         + "compgen -W '" + joined(verb.words, " ") + "' -- \"$cur\"); else " + bash_options(verb, "2")
         + "; fi ;;\n";
}

std::string bash_group(const std::string& word, const verb_group& group) {
  std::string result
      = "    " + word + ")\n      if ((COMP_CWORD == 2))" + (group.alone ? " && [[ $cur != -* ]]" : "")
        + "; then mapfile -t COMPREPLY < <(compgen -W '" + group.second_words() + "' -- \"$cur\")\n";
  for (const auto* each : group.seconds)
    result += "      elif [[ ${COMP_WORDS[2]} == " + second_word(*each) + " ]]; then "
              + bash_options(*each, "3") + '\n';
  if (group.alone)
    result += "      else " + bash_options(*group.alone, "2") + '\n';
  return result + "      fi ;;\n";
}

std::string zsh_options(const verb_entry& verb) {
  std::string result = "_arguments -S \\\n";
  for (const auto& option : verb.options)
    result += zsh_option(option);
  return result;
}

std::string zsh_verb(const verb_entry& verb) {
  return "        " + verb.name + ") " + zsh_options(verb)
         + (!verb.words.empty() ? "    '(-)1:action:(" + joined(verb.words, " ") + ")' '*:file:_files' ;;\n"
            : verb.takes_command
                ? "    '(-):command: _command_names -e' '*::argument: _taskactor_argument' ;;\n"
            : verb.arguments.empty() ? "    ;;\n"
                                     : "    '(-)1:task:()' '*:argument:()' ;;\n");
}

std::string zsh_group(const std::string& word, const verb_group& group) {
  std::string result
      = "        " + word + ") if ((CURRENT == 2)); then compadd " + group.second_words() + "; ";
  for (const auto* each : group.seconds)
    result += "elif [[ $words[2] == " + second_word(*each) + " ]]; then shift words; ((CURRENT--)); "
              + (each->takes_command ? "_taskactor_behind_dashes || " : "") + zsh_options(*each)
              + "    '*:name:()'; ";
  if (group.alone)
    result += "else " + zsh_options(*group.alone) + "    ; ";
  return result + "fi ;;\n";
}

named_parts named_of(const program_table& table) {
  named_parts result;
  for (const auto& verb : table.verbs) {
    if (verb.options.empty())
      continue;
    const auto word = first_word(verb);
    if (const verb_group group{table, word}; group.seconds.empty()) {
      result.verbs += bash_verb(verb);
      result.zsh += zsh_verb(verb);
    } else if (&verb == group.seconds.front()) {
      result.verbs += bash_group(word, group);
      result.zsh += zsh_group(word, group);
    }
    for (const auto& option : verb.options) {
      const auto& name = option.names.front();
      if (!option.needs_value()
          || std::find(result.with_value.begin(), result.with_value.end(), name) != result.with_value.end())
        continue;
      result.with_value.push_back(name);
      result.values += bash_value(option);
    }
  }
  return result;
}

std::string bash(const program_table& table) {
  const auto named = named_of(table);
  const auto& options = table.run_options;
  const auto with_value = [&](bool as_long) {
    return names_of(options, [as_long](const option_entry& option, const std::string& name) {
      return option.needs_value() && is_long(name) == as_long;
    });
  };
  std::string letters;
  for (const auto& name : with_value(false))
    letters += name.substr(1);
  std::string values;
  for (const auto& option : options)
    values += bash_value(option);
  return replaced(bash_script, {{"@FIRST_WORDS@", first_words(table)},
                                {"@SHELLS@", joined({std::begin(shells), std::end(shells)}, " ")},
                                {"@OPTIONS@", joined(all_names(options), " ")},
                                {"@LONG_WITH_VALUE@", joined(with_value(true), " | ")},
                                {"@SHORT_WITH_VALUE@", letters},
                                {"@VALUES@", values},
                                {"@NAMED@", named.verbs},
                                {"@NAMED_WITH_VALUE@", joined(named.with_value, " | ")},
                                {"@NAMED_VALUES@", named.values}});
}

// -- zsh --------------------------------------------------------------------

std::string zsh_escaped(const std::string& text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != special.npos)
      result += '\\';
    result += c;
  }
  return result;
}

/// One line for each name: '(-j --jobs)--jobs=[text]:N:'
std::string zsh_option(const option_entry& option) {
  std::string value;
  if (option.value == "[=FILE]")
    value = "::FILE:_files";
  else if (option.needs_value())
    value = ':' + option.value + ':'
            + (option.value == "FILE"   ? "_files"
               : option.value == "DIR"  ? "_files -/"
               : option.choices.empty() ? " "
                                        : '(' + joined(option.choices, " ") + ')');
  std::string result;
  for (const auto& name : option.names) {
    const char* end = option.value.empty() ? "" : !option.needs_value() ? "=-" : is_long(name) ? "=" : "+";
    result += "    "
              + shell_quoted('(' + joined(option.names, " ") + ')' + name + end + '['
                             + zsh_escaped(option.text, "[]:\\") + ']' + value)
              + " \\\n";
  }
  return result;
}

std::string zsh(const program_table& table) {
  std::string first, verbs, options;
  for (const auto& option : table.options)
    first += zsh_option(option);
  for (const auto& verb : table.verbs)
    verbs += is_second(verb)
                 ? ""
                 : "        " + shell_quoted(verb.name + ':' + zsh_escaped(verb.text, ":\\")) + '\n';
  for (const auto& option : table.run_options)
    options += zsh_option(option);
  return replaced(zsh_script, {{"@ZSH_FIRST@", first},
                               {"@ZSH_VERBS@", verbs},
                               {"@ZSH_OPTIONS@", options},
                               {"@ZSH_NAMED@", named_of(table).zsh},
                               {"@SHELLS@", joined({std::begin(shells), std::end(shells)}, " ")}});
}

} // namespace

std::span<const std::string_view> completion_shells() noexcept { return shells; }

std::string completion_script(std::string_view shell, const program_table& table) {
  return shell == "bash" ? bash(table) : zsh(table);
}

} // namespace taskactor::cli
