/// `--report`: one JSON object a line for each command that was started, written when it has ended.
#pragma once

#include "descriptors.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace taskactor::cli {

struct job_result;

class report {
public:
  /// Errors: `std::system_error`, as for all of this.
  explicit report(std::string path);

  /// The line is in the file as a whole when this returns; when it throws, not even a part of it (a pipe's
  /// reader may have seen one).
  void add(const job_result& ended);
  /// No more lines. Only now it is known that the file has them all.
  void close();
  std::size_t lines() const noexcept { return lines_; }
  const std::string& path() const noexcept { return path_; }

private:
  std::string timestamp(std::chrono::steady_clock::time_point at) const;
  std::string line_of(const job_result& ended) const;
  [[noreturn]] void fail(int error) const;

  std::string path_;
  descriptor file_;
  std::size_t lines_ = 0;
  // Both clocks at one moment: commands are timed by the one that doesn't jump.
  std::chrono::steady_clock::time_point steady_origin_ = std::chrono::steady_clock::now();
  std::chrono::system_clock::time_point origin_ = std::chrono::system_clock::now();
};

} // namespace taskactor::cli
