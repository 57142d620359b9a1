/// The command line of taskactor-bench.
#pragma once

#include "work.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct options {
  std::vector<const work*> works{};
  bool quick = false;
  bool check = false;
  std::vector<std::string> peers{}; ///< by name
  std::size_t repeats = 5;
  std::size_t size = 0; ///< of every work, in place of its own; zero: its own
  std::size_t scheduler_threads = 0;
  std::filesystem::path json{};
  std::string python = "/usr/bin/python3"; ///< for peers
  /// Do this one work once, in this process: what the bench runs for each sample of ours, and what a profiler
  /// wants.
  std::optional<std::pair<const work*, std::size_t>> once{};

  /// Of a peer that is slow, or of anybody else.
  std::size_t size_of(const work& what, bool slow) const;
};

/// What `parse` throws when there is nothing more to do: help was asked for, or the command line is wrong.
struct command_line_exit {
  int code;
};

options parse(int argc, char** argv);

} // namespace bench
