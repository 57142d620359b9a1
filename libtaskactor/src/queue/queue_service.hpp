/// What of queues goes by a manager, and ends with it: clocks of stores in memory, job runners. Threads: any.
#pragma once

#include <memory>

namespace taskactor::detail {

class manager_core;

/// What is attached to a manager.
class queue_member {
public:
  virtual ~queue_member() = default;
  /// The manager ends, or has been left behind: it is asked for nothing from now on. May be called twice.
  virtual void stop() noexcept = 0;
};

/// Until it is gone. Errors: `error{errc::stopping}`, with `what` ("a store in memory"); `std::bad_alloc`.
void attach_to(manager_core& home, const std::shared_ptr<queue_member>& member, const char* what);

} // namespace taskactor::detail
