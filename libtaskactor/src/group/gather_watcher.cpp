#include "lifecycle/callers.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/gather_watcher.hpp>

namespace taskactor::detail {

void gather_watcher::items_came() noexcept { of_.more(); }

/// What has come is still run, and then the error is thrown.
void gather_watcher::source_ended(const std::exception_ptr& error) noexcept {
  if (error)
    of_.waiter.keep_failure(error);
  of_.settle_one();
}

/// While the gather watches, somebody waits for it, and so its manager is there. A body of that manager's
/// keeps it; anybody else enters it.
bool gather_watcher::hold() noexcept {
  of_.retain();
  auto& home = of_.plan().home();
  if (auto* const here = current_context(); here && &here->home() == &home)
    return false;
  home.callers.enter();
  return true;
}

void gather_watcher::let_go(bool held) noexcept {
  auto& home = of_.plan().home();
  of_.release();
  if (held)
    home.callers.leave();
}

} // namespace taskactor::detail
