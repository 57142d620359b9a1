#include <taskactor/actors/task_as_actor.hpp>

#include "caf_adapter/compat_actor.hpp"
#include "caf_adapter/compat_error.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_actor.hpp"

#include <taskactor/actors/messages.hpp>
#include <taskactor/error.hpp>
#include <taskactor/run_in_thread.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor {

std::string_view to_string(exit_code code) noexcept {
  switch (code) {
  case exit_code::failed:
    return "failed";
  case exit_code::timed_out:
    return "timed out";
  case exit_code::cancelled:
    return "cancelled";
  case exit_code::killed:
    return "killed";
  }
  return "?";
}

caf::error make_error(exit_code code, std::string text) { return detail::error_of(code, std::move(text)); }

std::optional<exit_code> exit_code_of(const caf::error& reason) noexcept {
  return detail::code_of<exit_code>(reason);
}

namespace detail {

namespace {

caf::strong_actor_ptr this_actor() {
  auto* ctx = current_context();
  if (!ctx)
    if (auto* const call = dynamic_cast<thread_call*>(&require_task()))
      ctx = &call->works_for();
  if (!ctx)
    throw error{errc::not_in_task, "here, in a worker process, a task has no actor"};
  return caf::strong_actor_ptr{static_cast<task_actor*>(ctx)->ctrl()};
}

} // namespace

void send_from_task(const caf::strong_actor_ptr& to, caf::message content) {
  auto sender = this_actor();
  if (to)
    send_mail(*to->get(), make_mail(std::move(sender), std::move(content)));
}

void send_from_task_after(const caf::strong_actor_ptr& to, std::chrono::nanoseconds delay,
                          caf::message content) {
  if (const auto wrong = check_duration("delay", delay))
    throw_rejection(*wrong);
  auto sender = this_actor();
  auto& core = require_task();
  if (to)
    send_mail_at(to->home_system->clock(), after(core.now(), delay), to,
                 make_mail(std::move(sender), std::move(content)));
}

} // namespace detail

namespace this_task {

caf::actor actor() { return caf::actor_cast<caf::actor>(taskactor::detail::this_actor()); }

} // namespace this_task

} // namespace taskactor
