// What others learn of a body's end, and an attempt that goes on beside the next one.
#include "caf_adapter/compat.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/task_actor.hpp"

#include <taskactor/actors/exit_code.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

/// Another attempt of the task is to begin, while something of this one goes on.
void task_actor::part_from_task() {
  if (auto rest = task_->leave_attempt()) {
    rest_ = std::move(rest);
    post(home().manager(), attempt_left{task_, rest_});
  }
}

/// For who monitors or links to it. An outcome that the manager has written may be under way, or forgotten.
caf::error task_actor::exit_reason() const {
  if (rest_)
    return make_error(exit_code::timed_out);
  if (task_->kind != record_kind::task)
    return {};
  auto how = state::timed_out;
  const failure* what = nullptr;
  if (const auto control = task_->control.load(std::memory_order_acquire); (control & answered_bit) != 0) {
    if (const auto told = task_->state.load(std::memory_order_acquire); is_final(told))
      how = told;
  } else {
    what = (control & record::decided_bit) != 0 ? task_->failed() : nullptr;
    how = what ? what->state() : state::completed;
  }
  switch (how) {
  case state::completed:
    return {};
  case state::timed_out:
    return make_error(exit_code::timed_out);
  case state::cancelled:
    return make_error(destroyed_ ? exit_code::killed : exit_code::cancelled);
  default:
    return make_error(exit_code::failed, what ? what->message() : std::string{});
  }
}

} // namespace taskactor::detail
