/// Schedulers go by a manager, and end with it. Threads: any.
#pragma once

#include <memory>

namespace taskactor::detail {

class manager_core;

/// What is attached to a manager.
class scheduler_member {
public:
  virtual ~scheduler_member() = default;
  /// The manager ends, or has been left behind: it is asked for nothing from now on. May be called twice.
  virtual void stop() noexcept = 0;
};

/// Until it is gone. Errors: `error{errc::stopping}`; `std::bad_alloc`.
void attach_scheduler(manager_core& home, const std::shared_ptr<scheduler_member>& member);

} // namespace taskactor::detail
