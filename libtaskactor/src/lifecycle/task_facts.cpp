#include "lifecycle/manager_core.hpp"
#include "lifecycle/process_fencing_token.hpp"
#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/record.hpp>
#include <taskactor/detail/task_facts.hpp>

namespace taskactor::detail {

std::size_t task_facts::attempt() const noexcept { return extras ? extras->attempt.load() : 1; }

std::uint64_t task_facts::fencing_token() const noexcept {
  return process_fencing_token.load(std::memory_order_relaxed);
}

void task_facts::forbid_retry() noexcept {
  if (extras)
    extras->forbidden = true;
}

time_point task_facts::now() const noexcept { return home->now(); }

} // namespace taskactor::detail
