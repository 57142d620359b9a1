/// Who a command is to run as: `command_options::user`, `group` and `groups`, looked up among the system's
/// accounts.
#pragma once

#include <taskactor/command.hpp>

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace taskactor::detail {

/// Unset: as this program.
struct credentials {
  std::string named; // "user 'nobody'", for errors
  std::optional<uid_t> user{};
  std::optional<gid_t> group{};
  std::optional<std::vector<gid_t>> groups{};
};

/// Whose names are in options.
struct asked_identity {
  std::string user, group;
  std::vector<std::string> groups;
};

/// None: the command runs as this program does.
std::optional<asked_identity> identity_of(const command_options& options);

/// What differs from what this program is now. May block: accounts may be on another machine. Errors: `error`
/// of `errc::invalid_argument`, for what isn't there; `std::system_error`, when the accounts can't be asked.
credentials find_credentials(const asked_identity& asked);

} // namespace taskactor::detail
