/// What a manager has for workers, made with the first call: their pool, and the server that starts them.
#pragma once

namespace taskactor::detail {

class manager_core;
class worker_pool;

/// It stays as long as the manager.
worker_pool& workers_of(manager_core& home);

} // namespace taskactor::detail
