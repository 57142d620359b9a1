/// Where the outputs of commands go: to standard output and error, or each into files of its own.
#pragma once

#include "cli/descriptors.hpp"

#include <taskactor/command.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace taskactor::cli {

struct job_result;
class screen;
class used_files;

/// Standard output is a pipe that nobody reads any more: no fault to speak of.
struct no_reader : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class output {
public:
  /// `folder`: made if it isn't there; empty: standard output and error. What is in `files` isn't
  /// overwritten. Errors: `std::system_error`, `no_reader`, `file_in_use`, as for all of this.
  output(screen& streams, std::string folder, const used_files& files);

  void put(const job_result& ended);
  void put(output_stream which, std::string_view bytes);
  /// Each command has files of its own, also one that prints nothing.
  bool in_files() const noexcept { return !folder_.empty(); }

private:
  unique_fd open(const std::string& path) const;
  void write_file(std::size_t number, const char* suffix, std::string_view bytes) const;

  screen& screen_;
  std::string folder_;
  const used_files& files_;
};

} // namespace taskactor::cli
