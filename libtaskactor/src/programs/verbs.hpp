/// What `list` and `call` are to those who ask for help.
#pragma once

#include <taskactor/named_program.hpp>

#include <string>

namespace taskactor::detail {

enum program_exit : int {
  completed = 0,
  failed = 1,
  bad_usage = 2,
  timed_out = 3,
  library_unloadable = 4,
  output_unwritable = 5,
  by_signal = 128, // and the signal, as the shell shows a program that a signal has ended
};

/// Null: there is none of that name.
const program_verb* find_verb(std::string_view name) noexcept;

/// Of the program, and of one verb.
std::string program_help(const std::string& program);
std::string verb_help(const std::string& program, const program_verb& which);

} // namespace taskactor::detail
