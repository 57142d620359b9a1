#include "threads/caller_runs.hpp"

#include "caf_adapter/compat.hpp"
#include "caf_adapter/compat_scheduler.hpp"
#include "caf_adapter/run_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_actor.hpp"

#include <caf/all.hpp>

namespace taskactor::detail {

namespace {

constexpr int most_turns = 16;              // an answer takes five
constexpr std::size_t messages_a_turn = 16; // of the manager's

bool is_ours(const manager_core& home, const caf::resumable& job) {
  if (&job == home.managers_turn())
    return true;
  const auto* const body = dynamic_cast<const task_actor*>(&job);
  return body && body->runs_anywhere();
}

} // namespace

caller_runs::caller_runs(manager_core& home) noexcept : home_(home) {
  if (home.queue())
    helper_.emplace(*home.queue());
}

void caller_runs::run() {
  if (!helper_)
    return;
  const passing_through caller;
  for (int turns = 0; turns < most_turns; ++turns) {
    auto* const job = helper_->take_if([this](const auto& each) { return is_ours(home_, each); });
    if (!job)
      return;
    run_entry_here(*home_.queue(), home_.system(), job, messages_a_turn);
  }
}

} // namespace taskactor::detail
