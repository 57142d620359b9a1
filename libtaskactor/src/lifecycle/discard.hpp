/// Destroys parts of a task that runs no more: what is the user's, elsewhere. The manager's alone.
#pragma once

#include <cstdint>

namespace taskactor::detail {

class manager_core;
class record;

/// `parts`: bits of `record::all_parts`.
void discard(manager_core& home, record& task, std::uint8_t parts);

} // namespace taskactor::detail
