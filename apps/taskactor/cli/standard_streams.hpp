/// Standard output and standard error, and the one live line at the bottom of a terminal. Whoever writes to
/// the terminal takes the live line away first, so that nothing is ever mixed with it.
///
/// Threads: every member may be called from any thread; one at a time writes to the terminal.
#pragma once

#include <taskactor/command.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::cli {

class standard_streams {
public:
  standard_streams();

  /// Standard error is a terminal that can show a live line.
  bool can_live() const noexcept { return can_live_; }
  /// What a command has printed. Waits for its reader. Returns an `errno`; 0: it is written.
  int write(output_stream which, std::string_view bytes);
  /// Lines of the program's own, on standard error, and then the live line: empty: none; unset: nothing new.
  /// Waits for the reader.
  void say(std::string_view words, std::optional<std::string> live);

private:
  void show(std::string text);
  void erase();
  int put(int fd, std::string_view bytes);

  const bool out_is_terminal_;
  const bool err_is_terminal_;
  const bool can_live_;
  std::mutex terminal_;       // held while it is written to; what follows
  bool at_line_start_ = true; // after half a line of a command's there is no place for the live line
  std::string shown_;
};

} // namespace taskactor::cli
