/// The server that Celery and BullMQ keep their jobs in: Redis, for as long as a work of queues goes on.
///
/// On a socket in a folder of its own, as an ordinary user, without a port. It writes nothing to the disk, as
/// is fastest for it: what it has is gone with it, other than what a store of ours has. The peers learn of it
/// by the environment variable TASKACTOR_BENCH_REDIS, the path of its socket.
#pragma once

#include <memory>

namespace bench {

/// It ends with what this gives: nothing, if there is one already, or no Redis here, which is up to the peers
/// to say. Errors: `std::runtime_error`. For the main thread alone.
std::shared_ptr<void> make_redis_server();

} // namespace bench
