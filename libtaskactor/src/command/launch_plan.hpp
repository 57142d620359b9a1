/// What a command's child process is to be told: worked out from the caller's wishes, in the caller's thread,
/// without a system call.
///
/// The directories of PATH are not looked into here. The child is given all candidates and tries them
/// where they mean what the command will see: in its own working directory.
#pragma once

#include "command/command_child.hpp"
#include "command/credentials.hpp"
#include "command/start_error.hpp"

#include <taskactor/command.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

/// What one standard stream is to be.
struct planned_stream {
  enum class kind : std::uint8_t {
    none,    // of an input: /dev/null
    ours,    // a pipe that the serving thread feeds or reads
    callers, // a pipe that the caller feeds or reads
    file,
    held,   // a descriptor that was taken when the command was asked for
    output, // of an error: where output goes
  };
  kind what = kind::none;
  std::string path{}; // of a file
  int flags = 0;      // to open it with
};

/// Whose command is to be planned.
enum class start_mode : std::uint8_t { run, talk };

struct launch_plan {
  std::string program;                 // as the caller named it
  std::string directory;               // empty: the current one
  std::vector<std::string> candidates; // paths
  std::vector<std::string> arguments;
  std::vector<std::string> environment; // "NAME=value"
  std::uint64_t memory_limit = 0;       // bytes; 0: none
  std::uint64_t open_files = 0;         // the soft limit; 0: as it is
  int niceness = 0;
  int umask = -1; // as it is
  std::array<planned_stream, 3> streams{};
  std::optional<credentials> identity{}; // it runs as somebody else
  bool inherits = false;
  bool on_terminal = false;
};

/// Throws: `start_error` with `errc::invalid_argument` and the name of the field.
launch_plan plan_launch(const command_line& command, const command_options& options,
                        start_mode mode = start_mode::run);

/// The paths at which a program of this name may be.
std::vector<std::string> candidate_paths(const std::string& program, const std::string& search_path);

/// The environment of a command, given the one to inherit ("NAME=value", ended by null).
std::vector<std::string> make_environment(const command_options& options, const char* const* inherited);

/// What went wrong in the child, for the caller.
start_error explain(const launch_plan& plan, start_failure failure);

} // namespace taskactor::detail
