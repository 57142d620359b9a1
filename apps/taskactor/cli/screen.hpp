/// Standard output and standard error, and the one live line at the bottom of a terminal.
///
/// What the program has to say of itself is handed to a thread of its own: nobody who stops a run, or ends a
/// command, waits for a reader of standard error, who may have stopped reading. What commands have printed is
/// written by who calls, for as long as its reader takes. Whoever writes to the terminal takes the live line
/// away first, so that nothing is ever mixed with it.
///
///     note, print, log, live ---> (what is to be said) ---> thread ---+---> standard error
///     write -----------------------------------------------------------+---> standard output
///
/// Threads: every member may be called from any thread.
#pragma once

#include <taskactor/command.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace taskactor::cli {

class screen {
public:
  /// Errors: `std::system_error` when there is no thread to be had.
  screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;
  /// Says what is left, however long that takes: see `said_within`.
  ~screen();

  /// A message of the program's own, on standard error: "taskactor: <text>". Never waits, as all but `write`.
  void note(std::string_view text);
  /// Lines on standard error as they are.
  void print(std::string_view lines);
  /// The same of what can be done without: what is too much, while nobody reads, is only counted.
  void log(std::string_view line);
  /// What a command has printed. Waits for its reader. Returns an `errno`; 0: it is written.
  int write(output_stream which, std::string_view bytes);

  bool can_live() const noexcept { return can_live_; }
  /// Shows `text` as the live line, in place of the one before; empty: none.
  void live(std::string text);
  /// Something is still to be said: its reader is slow.
  bool behind() const;
  /// Waits until all is said, or that long: false.
  bool said_within(std::chrono::milliseconds time) const;
  /// Columns of the terminal.
  static std::size_t width() noexcept;

private:
  void speak();
  bool silent() const { return words_.empty() && !wanted_ && lost_ == 0; }
  void say(const std::string& words, std::optional<std::string> live);
  void show(std::string text);
  void erase();
  int put(int fd, std::string_view bytes);

  bool out_is_terminal_;
  bool err_is_terminal_;
  bool can_live_;

  mutable std::mutex mutex_; // what is to be said
  std::condition_variable posted_;
  mutable std::condition_variable said_;
  std::string words_;
  std::optional<std::string> wanted_; // the next live line
  std::size_t lost_ = 0;              // lines of the log
  bool speaks_ = false;
  bool last_ = false;

  std::mutex terminal_;       // held while it is written to, what follows
  bool at_line_start_ = true; // after half a line of a command's there is no place for the live line
  std::string shown_;

  std::thread thread_;
};

} // namespace taskactor::cli
