/// What the program has to say of itself, and what its commands have printed, on its standard streams.
///
/// The first is handed to a thread of its own: nobody who stops a run, or ends a command, waits for a reader
/// of standard error, who may have stopped reading. What commands have printed is written by who calls, for
/// as long as its reader takes.
///
///     note, print, log, live ---> (what is to be said) ---> thread ---+---> standard_streams
///     write ----------------------------------------------------------+
///
/// Threads: every member may be called from any thread.
#pragma once

#include "cli/standard_streams.hpp"

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
  /// What a command has printed: see `standard_streams`.
  int write(output_stream which, std::string_view bytes) { return streams_.write(which, bytes); }

  bool can_live() const noexcept { return streams_.can_live(); }
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

  standard_streams streams_;

  mutable std::mutex mutex_; // what is to be said
  std::condition_variable posted_;
  mutable std::condition_variable said_;
  std::string words_;
  std::optional<std::string> wanted_; // the next live line
  std::size_t lost_ = 0;              // lines of the log
  bool speaks_ = false;
  bool last_ = false;

  std::thread thread_; // the last: it uses all of this
};

} // namespace taskactor::cli
