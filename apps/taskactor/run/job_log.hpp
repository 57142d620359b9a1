/// A file with a line for each command that was started, written when it has ended: what the report and the
/// log of jobs have in common. It never has a part of a line, except where this program was killed while it
/// wrote one; who appends cuts that off.
///
/// Two runs at once don't write to one: it is locked (flock), where the file system can do that. One that is
/// standard output or error at the same time shares its place in the file, so that neither overwrites the
/// other.
#pragma once

#include "cli/descriptors.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace taskactor::cli {

struct job_result;

class run_control;
class used_files;

class job_log {
public:
  enum class mode : std::uint8_t { replace, append };

  job_log(const job_log&) = delete;
  job_log& operator=(const job_log&) = delete;
  /// Removes a file that it has made, and not begun.
  virtual ~job_log();

  /// From now on lines are written; what there was is gone, or gone on with. Until then nothing of it is
  /// lost.
  virtual void begin();

  /// The line is in the file as a whole when this returns; when it throws, not even a part of it (a pipe's
  /// reader may have seen one). Errors: `std::system_error`, as for all of this.
  void add(const job_result& ended);
  /// No more lines. Only now it is known that the file has them all.
  void close();

  /// Those that were added; what was there before doesn't count.
  std::size_t lines() const noexcept { return lines_; }
  const std::string& path() const noexcept { return path_; }
  /// What it is, for people: "the report".
  const char* what() const noexcept { return what_; }
  /// Is it the file that is open as `fd`? Then lines are added to it.
  bool goes_on_with(int fd) noexcept;
  /// There were lines before.
  bool goes_on() const noexcept { return goes_on_; }

protected:
  /// Opens it, and waits for the reader of a FIFO. `what`: the name of its kind, for messages.
  /// Errors: `file_in_use` too, and `stopped_early`.
  job_log(const char* what, std::string path, mode how, run_control& control, used_files& files);

  virtual std::string line_of(const job_result& ended) const = 0;
  /// Is this, without a newline, all of a line?
  virtual bool is_whole(std::string_view line) const = 0;

  bool appends() const noexcept { return how_ == mode::append; }
  /// Removes a part of a line from the end of what there is, or gives a whole one the newline that it has
  /// not.
  void mend();
  /// The first bytes of what there is, at most `size`.
  std::string head(std::size_t size) const;
  /// A first line that isn't about a command.
  void begin_with(std::string_view line);

private:
  /// Errors: `file_in_use`.
  void claim(used_files& files);
  [[noreturn]] void fail(int error) const;

  const char* what_;
  std::string path_;
  mode how_;
  bool made_; // it wasn't there
  bool begun_ = false;
  bool shared_ = false; // with standard output or error
  unique_fd file_;
  bool goes_on_ = false;
  std::size_t lines_ = 0;
};

} // namespace taskactor::cli
