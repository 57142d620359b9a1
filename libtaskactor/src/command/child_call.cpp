#include "command/child_call.hpp"

#include "capacity/limiter_queue.hpp"
namespace taskactor::detail {

child_call::child_call(context& owner)
    : limited_call(owner, ref<record>{static_cast<record*>(&owner.core())}) {}

bool child_call::withdraw() noexcept { return task().home->process_queue().revoke(*this); }

const char* child_call::awaited(bool for_start) const noexcept {
  if (!granted())
    return "a token of the process limiter";
  return for_start ? "the start of a process" : "the end of a process";
}

} // namespace taskactor::detail
