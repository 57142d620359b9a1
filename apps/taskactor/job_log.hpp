/// A file with a line for each command that was started, written when it has ended: what the report and the
/// log of jobs have in common. It never has a part of a line, except where this program was killed while it
/// wrote one; who appends cuts that off.
#pragma once

#include "descriptors.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace taskactor::cli {

struct job_result;

class job_log {
public:
  enum class mode : std::uint8_t { replace, append };

  job_log(const job_log&) = delete;
  job_log& operator=(const job_log&) = delete;
  virtual ~job_log() = default;

  /// The line is in the file as a whole when this returns; when it throws, not even a part of it (a pipe's
  /// reader may have seen one). Errors: `std::system_error`, as for all of this.
  void add(const job_result& ended);
  /// No more lines. Only now it is known that the file has them all.
  void close();

  /// Those that were added; what was there before doesn't count.
  std::size_t lines() const noexcept { return lines_; }
  const std::string& path() const noexcept { return path_; }
  /// There were lines before.
  bool goes_on() const noexcept { return goes_on_; }

protected:
  /// `what`: the name of its kind, for messages.
  job_log(const char* what, std::string path, mode how);

  virtual std::string line_of(const job_result& ended) const = 0;
  /// Is this, without a newline, all of a line?
  virtual bool is_whole(std::string_view line) const = 0;

  /// Before anything else: removes a part of a line from the end of what there is, or gives a whole one the
  /// newline that it has not.
  void mend();
  /// The first bytes of what there is, at most `size`.
  std::string head(std::size_t size) const;
  /// A first line that isn't about a command.
  void begin_with(std::string_view line);
  /// Since 1970, of a moment by the clock that doesn't jump: commands are timed by that one.
  std::chrono::milliseconds wall_time(std::chrono::steady_clock::time_point at) const;

private:
  [[noreturn]] void fail(int error) const;

  const char* what_;
  std::string path_;
  descriptor file_;
  bool goes_on_ = false;
  std::size_t lines_ = 0;
  // Both clocks at one moment.
  std::chrono::steady_clock::time_point steady_origin_ = std::chrono::steady_clock::now();
  std::chrono::system_clock::time_point origin_ = std::chrono::system_clock::now();
};

} // namespace taskactor::cli
