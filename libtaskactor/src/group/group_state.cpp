#include "base/memory.hpp"
#include "base/service_thread.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "threads/disposal.hpp"

#include <taskactor/detail/group_state.hpp>
#include <taskactor/task_group.hpp>

#include <algorithm>
#include <utility>

namespace taskactor {

namespace {

std::string list(const std::string& group, const std::vector<std::exception_ptr>& errors) {
  if (errors.empty())
    return "the task group of " + group + " was cancelled before its body had a value";
  std::string text = std::to_string(errors.size()) + (errors.size() == 1 ? " error" : " errors")
                     + " in the task group of " + group;
  for (std::size_t i = 0; i < errors.size(); ++i)
    text += (i == 0 ? ": " : "; ") + describe(errors[i]);
  return text;
}

} // namespace

group_error::group_error(const std::string& group, std::vector<std::exception_ptr> errors)
    : std::runtime_error(list(group, errors)),
      errors_(std::make_shared<std::vector<std::exception_ptr>>(std::move(errors))) {}

namespace detail {

group_state::group_state(context& parent, bool all_needed)
    : origin_(parent), all_needed_(all_needed), parent_(parent) {}

std::optional<rejection> group_state::admit(ref<record> child, task_options&& options, ref<record>& joined,
                                            ref<child_observer> told) {
  // Once it is admitted the child may end, and the group with it, before this goes on.
  auto& home = origin_.home();
  std::optional<end_reason> ending;
  {
    const std::lock_guard lock{mutex_};
    if (!members_.takes_more())
      return rejection{errc::stopping, "the task group has ended"};
    origin_.prepare(*child, options);
    if (!current_task())
      origin_.give_locals(*child);
    members_.add(child); // from now on the group doesn't end without it
    child->belongs_to = told ? std::move(told) : ref<child_observer>{this};
    ending = ending_;
  }
  std::optional<rejection> refused;
  try {
    refused = home.admissions().admit(child, std::move(options), joined);
  } catch (...) { // a copy of its arguments threw, or there is no memory
    child_gone(*child);
    throw;
  }
  if (refused || joined)
    child_gone(*child);
  else if (ending)
    detail::cancel(home, *child, *ending);
  return refused;
}

void group_state::cancel() {
  {
    const std::lock_guard lock{mutex_};
    parent_.cancel();
  }
  cancel_children(end_reason::group_ended);
}

void group_state::fail(std::exception_ptr error) noexcept {
  {
    const std::lock_guard lock{mutex_};
    errors_.add(error);
    parent_.cancel();
  }
  cancel_children(end_reason::group_ended);
}

void group_state::end_children(end_reason why, bool kill) noexcept {
  std::vector<group_members::member> children;
  {
    const std::lock_guard lock{mutex_};
    if (kill)
      members_.kill();
    if (ending_ && !kill)
      return; // they are told already, and who is added later is told then
    if (parent_.cancelled() && why == end_reason::parent_ended)
      why = end_reason::group_ended; // which is why its body has ended, who says so now
    ending_ = ending_.value_or(why);
    children = once_there_is_memory([this] { return members_.all(); });
  }
  std::sort(children.begin(), children.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; }); // the same each time
  for (const auto& child : children) {
    once_there_is_memory([&] { detail::cancel(origin_.home(), *child.task, why); });
    if (kill)
      detail::kill(origin_.home(), *child.task);
  }
}

void group_state::enter(scope* body) noexcept {
  const std::lock_guard lock{mutex_};
  parent_.enter(body);
}

bool group_state::cancelled() const noexcept {
  const std::lock_guard lock{mutex_};
  return parent_.cancelled();
}

bool group_state::join() noexcept {
  const std::lock_guard lock{mutex_};
  members_.join();
  return members_.over();
}

bool group_state::over() const noexcept {
  const std::lock_guard lock{mutex_};
  return members_.over();
}

bool group_state::ended() const noexcept {
  const std::lock_guard lock{mutex_};
  return members_.gone();
}

std::size_t group_state::size() const noexcept {
  const std::lock_guard lock{mutex_};
  return members_.size();
}

std::vector<std::exception_ptr> group_state::take_errors() noexcept {
  ref<context> parent; // released after the lock
  const std::lock_guard lock{mutex_};
  if (!members_.has_left_behind()) // their end is told of
    parent = parent_.leave();
  return errors_.take();
}

void group_state::child_ended(record& child) noexcept {
  const auto* what = child.failed();
  if (!what)
    return;
  const bool cancelled = what->state() == state::cancelled && what->reason() != end_reason::shed;
  if (!cancelled) {
    const std::lock_guard lock{mutex_};
    if (!members_.killed()) // else nobody is told, and it is reported
      child.mark_observed();
    child.control.fetch_or(record::failed_group_bit, std::memory_order_acq_rel);
  }
  try {
    what->raise();
  } catch (...) {
    if (cancelled)
      lose(std::current_exception());
    else
      fail(std::current_exception());
  }
}

/// A child that was cancelled harms nobody, unless its value is needed; those that the group ends are none of
/// these.
void group_state::lose(std::exception_ptr child) noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (ending_)
      return;
    errors_.lose(std::move(child));
    if (!all_needed_)
      return;
    parent_.cancel();
  }
  cancel_children(end_reason::group_ended);
}

/// Nobody refers to it any more; the exceptions are the users'.
void group_state::destroy() noexcept {
  origin_.drop_locals();
  if (service_thread::is_this() && !errors_.empty())
    origin_.home().disposals().take(*this);
  else
    delete this;
}

std::exception_ptr group_state::lost_child() const noexcept {
  const std::lock_guard lock{mutex_};
  return errors_.lost();
}

void group_state::child_left_behind(record& child) noexcept {
  ref<record> released; // after the lock
  const std::lock_guard lock{mutex_};
  released = members_.leave_behind(child);
  if (members_.over())
    parent_.wake();
}

bool group_state::attempt_left_behind(record& rest) noexcept {
  const std::lock_guard lock{mutex_};
  members_.add_left_behind(rest);
  return true;
}

void group_state::child_gone(record& child) noexcept {
  ref<record> released; // after the lock
  const std::lock_guard lock{mutex_};
  released = members_.remove(child);
  if (members_.gone() || (released && members_.over()))
    parent_.wake();
}

} // namespace detail
} // namespace taskactor
