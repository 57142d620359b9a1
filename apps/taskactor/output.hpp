/// Where the outputs of commands go: to standard output and error, or each into files of its own.
#pragma once

#include <taskactor/process/command.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace taskactor::cli {

struct job_result;
class screen;

/// Standard output is a pipe that nobody reads any more: no fault to speak of.
struct no_reader : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class output {
public:
  /// `folder`: made if it isn't there; empty: standard output and error.
  /// Errors: `std::system_error`, `no_reader`, as for all of this.
  output(screen& streams, std::string folder);

  void put(const job_result& ended);
  void put(stream which, std::string_view bytes);
  /// Each command has files of its own, also one that prints nothing.
  bool in_files() const noexcept { return !folder_.empty(); }

private:
  void write_file(std::size_t number, const char* suffix, std::string_view bytes) const;

  screen& screen_;
  std::string folder_;
};

} // namespace taskactor::cli
