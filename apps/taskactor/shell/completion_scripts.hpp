/// The scripts of `taskactor completion`, with places for what is known of verbs and options.
#pragma once

#include <string_view>

namespace taskactor::cli {

inline constexpr std::string_view bash_script
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
  else
    _taskactor_command "$at"
  fi
}

# $1: which word the command is.
_taskactor_command() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=$1
  if ((at >= COMP_CWORD)); then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  elif declare -F _command_offset >/dev/null && [[ " ${COMP_WORDS[*]:at:COMP_CWORD-at} " != *' ::: '* ]]; then
    _command_offset "$at" # of the package bash-completion
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}

# Options until the name of a task. $1: all of the verb; $2: how many words that is, with the program's; $3:
# "names", if they may stand behind names as well, "command", if also a command stands behind `--`.
_taskactor_named() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=$2 word
  while ((at < COMP_CWORD)); do
    word=${COMP_WORDS[at]}
    if [[ $word == -- ]]; then
      [[ $3 != command ]] || _taskactor_command $((at + 1))
      return
    fi
    ((at += 1))
    if [[ $word != -?* ]]; then
      [[ -n $3 ]] || return
      continue
    fi
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

inline constexpr std::string_view zsh_script = R"(#compdef taskactor
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

# A command and its words; fails if the cursor isn't behind `--`.
_taskactor_behind_dashes() {
  local at=${words[(i)--]}
  ((at < CURRENT)) || return 1
  shift $at words
  ((CURRENT -= at))
  _normal
  return 0
}

# Of the command, or an item after `:::`.
_taskactor_argument() {
  if ((${words[(I):::]})); then _files; else _normal; fi
}

if [[ $funcstack[1] == _taskactor ]]; then _taskactor "$@"; else compdef _taskactor taskactor; fi
)";

} // namespace taskactor::cli
