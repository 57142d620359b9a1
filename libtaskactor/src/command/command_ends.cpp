#include "command/command_ends.hpp"

#include "command/started_command_state.hpp"

#include <taskactor/outcome.hpp>

#include <string>
#include <utility>

namespace taskactor::detail {

bool command_ends::add(command_end_await& who) {
  const std::lock_guard lock{mutex_};
  if (over())
    return false;
  waiting_.push_back(&who);
  return true;
}

bool command_ends::remove(command_end_await& who) noexcept {
  const std::lock_guard lock{mutex_};
  return std::erase(waiting_, &who) != 0;
}

void command_ends::tell() noexcept {
  const std::lock_guard lock{mutex_};
  over_.store(true, std::memory_order_release);
  for (auto* each : std::exchange(waiting_, {})) {
    each->told_.store(true, std::memory_order_release);
    each->ctx_->wake();
  }
}

command_end_await::command_end_await(ref<started_command_state> of) noexcept : of_(std::move(of)) {}
command_end_await::~command_end_await() { leave(); }

bool command_end_await::begin(context& ctx) {
  stopped_ = false; // it may be awaited again
  if (const auto parks = ctx.refusal()) {
    stopped_ = true;
    return *parks;
  }
  ctx_ = &ctx;
  listed_ = of_->ends().add(*this);
  if (!listed_)
    return ctx.goes_on();
  ctx.waiting = this;
  return true;
}

/// True: it still waited.
bool command_end_await::leave() noexcept {
  return std::exchange(listed_, false) && of_->ends().remove(*this);
}

void command_end_await::await_resume() const {
  if (stopped_)
    throw cancelled_error{};
}

wait_reason command_end_await::reason() const {
  return {"the end of '" + of_->program() + "', process " + std::to_string(of_->pid())};
}

} // namespace taskactor::detail
