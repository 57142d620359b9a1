#include "completion.hpp"

#include "option_table.hpp"
#include "text.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace taskactor::cli {

namespace {

constexpr std::string_view shells[] = {"bash", "zsh"};

constexpr std::string_view bash_script
    = R"(# bash completion for taskactor, made by `taskactor completion bash`.

_taskactor() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '@FIRST_WORDS@' -- "$cur")
    return
  fi
  case ${COMP_WORDS[1]} in
    run) _taskactor_run ;;
@NAMED@    completion) ((COMP_CWORD > 2)) || mapfile -t COMPREPLY < <(compgen -W '@SHELLS@' -- "$cur") ;;
  esac
}

# The words up to the cursor are options of ours until one is not: there the command begins. Bash has made
# three words of --jobs=4.
_taskactor_run() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=2 word
  while ((at < COMP_CWORD)); do
    word=${COMP_WORDS[at]}
    if [[ $word == -- ]]; then
      ((at += 1))
      break
    fi
    [[ $word == -?* ]] || break
    ((at += 1))
    _taskactor_takes_value "$word" || continue
    [[ ${COMP_WORDS[at]} != = ]] || ((at += 1))
    if ((at >= COMP_CWORD)); then
      [[ $cur != = ]] || cur=
      _taskactor_value "$word" "$cur"
      return
    fi
    ((at += 1))
  done
  if ((at == COMP_CWORD)) && [[ $cur == -* && ${COMP_WORDS[at - 1]} != -- ]]; then
    mapfile -t COMPREPLY < <(compgen -W '@OPTIONS@' -- "$cur")
  elif ((at >= COMP_CWORD)); then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  elif declare -F _command_offset >/dev/null && [[ " ${COMP_WORDS[*]:at:COMP_CWORD-at} " != *' ::: '* ]]; then
    _command_offset "$at" # of the package bash-completion
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}

# Options until the name of a task. $1: all of the verb; $2: how many words that is, with the program's.
_taskactor_named() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=$2 word
  while ((at < COMP_CWORD)); do
    word=${COMP_WORDS[at]}
    [[ $word == -?* && $word != -- ]] || return
    ((at += 1))
    case $word in @NAMED_WITH_VALUE@) ;; *) continue ;; esac
    [[ ${COMP_WORDS[at]} != = ]] || ((at += 1))
    if ((at >= COMP_CWORD)); then
      [[ $cur != = ]] || cur=
      _taskactor_named_value "$word" "$cur"
      return
    fi
    ((at += 1))
  done
  [[ $cur != -* ]] || mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_taskactor_named_value() {
  case $1 in
@NAMED_VALUES@  esac
}

# Of several short options in one word, the first that takes a value has the rest of the word for it.
_taskactor_takes_value() {
  case $1 in
    @LONG_WITH_VALUE@) return 0 ;;
    --*) return 1 ;;
    *[@SHORT_WITH_VALUE@]) [[ ${1%?} != *[@SHORT_WITH_VALUE@]* ]] ;;
    *) return 1 ;;
  esac
}

_taskactor_value() {
  case $1 in
@VALUES@  esac
}

complete -F _taskactor taskactor
)";

constexpr std::string_view zsh_script = R"(#compdef taskactor
# zsh completion for taskactor, made by `taskactor completion zsh`.

_taskactor() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \
@ZSH_FIRST@    '1: :->verb' \
    '*:: :->rest'
  case $state in
    verb)
      local -a verbs=(
@ZSH_VERBS@      )
      _describe verb verbs
      ;;
    rest)
      case $words[1] in
        run) _taskactor_run ;;
@ZSH_NAMED@        completion) _arguments '1:shell:(@SHELLS@)' ;;
      esac
      ;;
  esac
}

_taskactor_run() {
  _arguments -s -S \
@ZSH_OPTIONS@    '(-):command: _command_names -e' \
    '*::argument: _taskactor_argument'
}

# Of the command, or an item after `:::`.
_taskactor_argument() {
  if ((${words[(I):::]})); then _files; else _normal; fi
}

if [[ $funcstack[1] == _taskactor ]]; then _taskactor "$@"; else compdef _taskactor taskactor; fi
)";

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

std::string first_words(const program_table& table) {
  auto result = all_names(table.options);
  for (const auto& verb : table.verbs)
    if (const auto word = verb.name.substr(0, verb.name.find(' ')); word != result.back())
      result.push_back(word);
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

// -- bash ------------------------------------------------------------------------------------------------

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

/// Its name has two words.
bool is_second(const verb_entry& verb) { return verb.name.find(' ') != verb.name.npos; }

std::string bash_verb(const verb_entry& verb) {
  const auto options = '\'' + joined(all_names(verb.options), " ") + '\'';
  if (!is_second(verb))
    return "    " + verb.name + ") _taskactor_named " + options + " 2 ;;\n";
  const auto space = verb.name.find(' ');
  const auto second = verb.name.substr(space + 1);
  return "    " + verb.name.substr(0, space)
         + ")\n      if ((COMP_CWORD == 2)); then mapfile -t COMPREPLY < <(compgen -W " + second
         + " -- \"$cur\")\n      elif [[ ${COMP_WORDS[2]} == " + second + " ]]; then _taskactor_named "
         + options + " 3; fi ;;\n";
}

/// Up to its options.
std::string zsh_verb(const verb_entry& verb) {
  if (!is_second(verb))
    return "        " + verb.name + ") _arguments -S \\\n";
  const auto space = verb.name.find(' ');
  const auto second = verb.name.substr(space + 1);
  return "        " + verb.name.substr(0, space) + ") if ((CURRENT == 2)); then compadd " + second
         + "; elif [[ $words[2] == " + second + " ]]; then shift words; ((CURRENT--)); _arguments -S \\\n";
}

named_parts named_of(const program_table& table) {
  named_parts result;
  for (const auto& verb : table.verbs) {
    if (verb.options.empty())
      continue;
    result.verbs += bash_verb(verb);
    result.zsh += zsh_verb(verb);
    for (const auto& option : verb.options) {
      result.zsh += zsh_option(option);
      const auto& name = option.names.front();
      if (option.value.empty()
          || std::find(result.with_value.begin(), result.with_value.end(), name) != result.with_value.end())
        continue;
      result.with_value.push_back(name);
      result.values += bash_value(option);
    }
    result.zsh += is_second(verb)          ? "    '*:name:()'; fi ;;\n"
                  : verb.arguments.empty() ? "    ;;\n"
                                           : "    '(-)1:task:()' '*:argument:()' ;;\n";
  }
  return result;
}

std::string bash(const program_table& table) {
  const auto named = named_of(table);
  const auto& options = table.run_options;
  const auto with_value = [&](bool as_long) {
    return names_of(options, [as_long](const option_entry& option, const std::string& name) {
      return !option.value.empty() && is_long(name) == as_long;
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

// -- zsh -------------------------------------------------------------------------------------------------

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
  if (!option.value.empty())
    value = ':' + option.value + ':'
            + (option.value == "FILE"   ? "_files"
               : option.value == "DIR"  ? "_files -/"
               : option.choices.empty() ? " "
                                        : '(' + joined(option.choices, " ") + ')');
  std::string result;
  for (const auto& name : option.names) {
    const char* end = option.value.empty() ? "" : is_long(name) ? "=" : "+";
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
    verbs += "        " + shell_quoted(verb.name + ':' + zsh_escaped(verb.text, ":\\")) + '\n';
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
