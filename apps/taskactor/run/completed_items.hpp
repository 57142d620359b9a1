/// `--resume`: what a former run has completed, by its report.
///
/// Items are matched by their content, each as often as it was completed. In memory are the bytes of the
/// items that were completed, and 16 more for each.
#pragma once

#include "cli/descriptors.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::cli {

class run_control;
class screen;

/// The report can't be read, or isn't one: with its name, and the line.
struct bad_report : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class completed_items {
public:
  /// None: nothing was done before.
  completed_items() = default;
  /// Reads a report to its end; `file` is what `open_to_read` made of `path`. A last line without an end, as
  /// a run that was killed may have left it, is no error: it is told to `messages`.
  /// Errors: `bad_report`, `stopped_early`.
  completed_items(const unique_fd& file, const std::string& path, screen& messages, run_control& control);

  /// Was it completed? Each time that it was can be taken once.
  bool take(std::string_view item) noexcept;

private:
  struct entry {
    std::uint64_t begin; // in `bytes_`
    std::uint32_t size;
    std::uint32_t left; // how often it can be taken
  };
  std::string_view item_of(const entry& which) const noexcept {
    return std::string_view{bytes_}.substr(which.begin, which.size);
  }
  void add(std::string_view item);
  void settle();

  std::string bytes_;
  std::vector<entry> entries_; // by item, each once
};

/// Are these one file, or would they be if it were there?
bool same_file(const std::string& one, const std::string& other);

} // namespace taskactor::cli
