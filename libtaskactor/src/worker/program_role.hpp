/// Whether this program can be started again as a worker. Threads: any.
#pragma once

#include "lifecycle/settings.hpp"

#include <string>

namespace taskactor::detail {

/// What this process is to the pool: a worker must have none, a program without `worker_entry` can't.
enum class program_role { unknown, parent, worker };
void set_program_role(program_role role) noexcept;
/// Errors: as `not_started`.
void check_program_role(const settings& with);

/// Throws `std::system_error` with `errc::worker_not_started`.
[[noreturn]] void not_started(const std::string& why);

} // namespace taskactor::detail
