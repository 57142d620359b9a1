/// Bytes and lines of a non-blocking descriptor: a pipe, a socket, a terminal.
///
///     ta::line_reader lines{peer};
///     while (const auto line = co_await lines.next())
///       co_await ta::write_all(peer, *line + '\n');
///
/// The descriptor lives longer than the await, and may be another's: nothing is closed. Errors: those of
/// `readable` and `writable`; `std::system_error` of read(2) and write(2), `EPIPE` among them, when the other
/// side has closed: no signal is sent for that. Stops: while they wait.
#pragma once

#include <taskactor/io/descriptor.hpp>
#include <taskactor/task.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace taskactor {

/// To be awaited: what is there, at least one byte and at most `most`; empty at the end.
[[nodiscard]] task<std::string> read_some(const descriptor& from, std::size_t most = std::size_t{1} << 16);

/// To be awaited: all is written, in as many pieces as it takes. Of one that was cancelled a part may have
/// been.
[[nodiscard]] task<void> write_all(const descriptor& to, std::string bytes);

/// Reads lines. Nothing is lost when `next` is cancelled: it goes on where it was. Threads: one at a time.
class line_reader {
public:
  /// `limit`: bytes of the longest line that is given whole; a longer one comes in pieces of that size.
  /// Errors: `errc::invalid_argument` for zero.
  explicit line_reader(const descriptor& from, std::size_t limit = std::size_t{1} << 16);

  /// To be awaited: the next line without its newline; empty at the end. A last line without one counts too.
  task<std::optional<std::string>> next();
  /// To be awaited: what it has read ahead, else as `taskactor::read_some`.
  task<std::string> read_some();

private:
  std::optional<std::string> take_line();

  const descriptor* from_;
  std::size_t limit_;
  std::string ahead_;
  std::size_t begin_ = 0;    // what is before that in it was given
  std::size_t searched_ = 0; // up to there is no newline
  bool ended_ = false;
};

} // namespace taskactor
