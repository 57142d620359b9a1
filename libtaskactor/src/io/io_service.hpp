/// What a manager has for awaiting the world: it keeps the process's loop, once it has needed it.
#pragma once

#include <memory>

namespace taskactor::detail {

class io_loop;
class manager_core;

/// Errors: `std::system_error` when there is no descriptor or thread for the loop.
const std::shared_ptr<io_loop>& loop_of(manager_core& home);

} // namespace taskactor::detail
