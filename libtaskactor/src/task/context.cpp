#include <taskactor/detail/context.hpp>
#include <taskactor/detail/local_binding.hpp>
#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/outcome.hpp>

#include <algorithm>
#include <system_error>
#include <typeinfo>
#include <utility>

#include <cxxabi.h>

namespace taskactor::detail {

namespace {

// Only touched out of line: a compiler may not cache its address in a coroutine that goes on on another
// thread.
thread_local context* this_context = nullptr;
thread_local task_core* this_core = nullptr;

} // namespace

context* current_context() noexcept { return this_context; }
task_core* current_task() noexcept { return this_core; }

task_core& require_task() {
  if (!this_core)
    throw error{errc::not_in_task, "this function is for code that runs in a task"};
  return *this_core;
}

context& require_context() {
  if (!this_context)
    throw error{errc::not_in_task, "this await is for a task's coroutine"};
  return *this_context;
}

current_scope::current_scope(task_core* core, context* ctx) noexcept
    : core_(std::exchange(this_core, core)), context_(std::exchange(this_context, ctx)) {}

current_scope::~current_scope() {
  this_core = core_;
  this_context = context_;
}

bool context::stops(const scope* innermost) const noexcept {
  for (; innermost; innermost = innermost->outer) {
    if (innermost->expired())
      return true;
    if (innermost->shielded)
      return false;
  }
  return core().cancel_requested();
}

std::optional<bool> context::refusal() {
  if (!must_stop())
    return {};
  mark_told();
  if (++refusals_ <= prompt_refusals)
    return false;
  pause();
  return true;
}

void context::mark_told() noexcept {
  scope* decides = nullptr;
  for (auto* each = scopes; each; each = each->shielded ? nullptr : each->outer)
    if (each->expired())
      decides = each;
  if (decides)
    decides->told = true;
}

bool context::goes_on() noexcept {
  if (++ready_ < awaits_per_turn)
    return false;
  ready_ = 0;
  return yielded = true;
}

void context::tell_scopes() noexcept {
  for (auto* each = scopes; each; each = each->outer)
    if (stops(each))
      each->cancel_inside();
}

time_point context::deadline(deadlines which) const noexcept {
  auto result = time_point::max();
  for (const auto* each = scopes; each; each = each->outer) {
    if (which == deadlines::all || !each->may_move())
      result = std::min(result, each->due());
    if (each->shielded)
      return result;
  }
  return std::min(result, core().deadline());
}

local_binding* context::locals() const noexcept {
  for (const auto* each = scopes; each; each = each->outer)
    if (auto* const here = each->binding())
      return here;
  return inherited_locals();
}

local_binding* current_locals() noexcept {
  if (!this_core)
    return nullptr;
  return this_context ? this_context->locals() : this_core->locals();
}

bool caught_cancellation() noexcept {
  const auto* type = abi::__cxa_current_exception_type();
  if (type && *type == typeid(cancelled_error))
    return true; // nearly always: to throw it once more would cost a microsecond
  try {
    throw;
  } catch (const cancelled_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

} // namespace taskactor::detail
