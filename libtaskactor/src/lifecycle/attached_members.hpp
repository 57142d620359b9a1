/// What is made with a manager, and ends with it: clocks of stores in memory, job runners, schedulers.
/// Threads: any.
#pragma once

#include "lifecycle/attachment.hpp"

#include <cstdint>
#include <memory>

namespace taskactor::detail {

class manager_core;

class attached_member {
public:
  virtual ~attached_member() = default;
  /// The manager ends, or has been left behind: it is asked for nothing from now on. May be called twice.
  virtual void stop() noexcept = 0;
};

/// What becomes of the members of one kind when the manager is let go (see `attachment`).
enum class when_let_go : std::uint8_t { stop, go_on /* as long as the manager is there */ };

/// Until it is gone. Errors: `error{errc::stopping}`, with `what` ("job runner"); `std::bad_alloc`.
void attach_member(manager_core& home, attachment_kind kind, when_let_go then,
                   const std::shared_ptr<attached_member>& member, const char* what);

} // namespace taskactor::detail
