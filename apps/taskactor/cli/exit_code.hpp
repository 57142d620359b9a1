/// What the program returns. `taskactor run --help` lists the same.
#pragma once

namespace taskactor::cli {

enum exit_code : int {
  all_completed = 0,
  some_failed = 1,
  bad_usage = 2,
  some_timed_out = 3,
  input_unreadable = 4,
  output_unwritable = 5,
  not_executable = 126, // as the shell and xargs have it
  not_found = 127,
  by_hangup = 129, // 128 and the signal, as the shell shows a program that a signal has ended
  by_interrupt = 130,
  reader_gone = 141,
  by_termination = 143,
};

} // namespace taskactor::cli
