/// Standard output and standard error, and the one live line at the bottom of a terminal.
///
/// Whoever writes to the terminal takes the live line away first, so that nothing is ever mixed with it.
/// Threads: every member may be called from any thread.
#pragma once

#include <taskactor/process/command.hpp>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace taskactor::cli {

class screen {
public:
  screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;
  ~screen();

  /// A message of the program's own, on standard error: "taskactor: <text>".
  void note(std::string_view text);
  /// Lines on standard error as they are.
  void print(std::string_view lines);
  /// What a command has printed. Returns an `errno`; 0: it is written.
  int write(stream which, std::string_view bytes);

  bool can_live() const noexcept { return can_live_; }
  /// Shows `text` as the live line, in place of the one before; empty: none.
  void live(std::string text);
  /// Columns of the terminal.
  static std::size_t width() noexcept;

private:
  void erase();
  int put(int fd, std::string_view bytes);

  std::mutex mutex_;
  bool out_is_terminal_;
  bool err_is_terminal_;
  bool can_live_;
  bool at_line_start_
      = true; // of the terminal: after half a line of a command's there is no place for the live line
  std::string shown_;
};

} // namespace taskactor::cli
