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

namespace {

/// Of a child that was left behind.
constexpr std::uint32_t no_place = ~std::uint32_t{0};

} // namespace

group_state::group_state(context& parent, bool all_needed)
    : home_(parent.home()),
      parent_(&parent),
      parent_task_(&static_cast<record&>(parent.core())),
      parent_id_(parent.core().current_id()),
      deadline_(parent.deadline()),
      depth_(parent_task_->depth_inside()),
      shielded_(parent_task_->shielded || in_shield(parent)),
      all_needed_(all_needed) {}

/// The count goes on from group to group in a task: its children may run beside each other.
std::string group_state::next_id() {
  return parent_id_ + '/'
         + std::to_string(parent_task_->children.fetch_add(1, std::memory_order_relaxed) + 1);
}

std::optional<rejection> group_state::admit(ref<record> child, task_options&& options, ref<record>& joined) {
  auto& home = home_; // once it is admitted the child may end, and the group with it, before this goes on
  std::optional<end_reason> ending;
  {
    const std::lock_guard lock{mutex_};
    if (over_ || killed_)
      return rejection{errc::stopping, "the task group has ended"};
    enroll(child, options);
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

/// Under the lock, so that from now on the group doesn't end without it.
void group_state::enroll(const ref<record>& child, task_options& options) {
  child->numbered = options.id->empty();
  const auto made = next_id();
  options.id = child->numbered ? made : parent_id_ + '/' + *options.id;
  child->place = static_cast<std::uint32_t>(children_.size());
  child->depth = depth_;
  child->shielded = shielded_;
  child->parent_length = static_cast<std::uint32_t>(parent_id_.size());
  child->inherited_deadline = deadline_;
  child->home = &home_;
  children_.push_back({next_ + 1, child});
  ++next_;
  child->belongs_to = ref<child_observer>{this}; // what throws, does so before
}

void group_state::cancel_body_locked() noexcept {
  cancelled_ = true;
  if (body_)
    body_->cancelled.store(true, std::memory_order_release);
  if (parent_)
    parent_->wake();
}

void group_state::cancel() {
  {
    const std::lock_guard lock{mutex_};
    cancel_body_locked();
  }
  cancel_children(end_reason::group_ended);
}

void group_state::fail(std::exception_ptr error) noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (std::find(errors_.begin(), errors_.end(), error) == errors_.end()) // a child's, let out by the body
      once_there_is_memory([&] { errors_.push_back(error); });
    cancel_body_locked();
  }
  cancel_children(end_reason::group_ended);
}

void group_state::end_children(end_reason why, bool kill) noexcept {
  std::vector<member> children;
  {
    const std::lock_guard lock{mutex_};
    killed_ = killed_ || kill;
    over_ = over_ || (killed_ && children_.empty());
    if (ending_ && !kill)
      return; // they are told already, and who is added later is told then
    if (cancelled_ && why == end_reason::parent_ended)
      why = end_reason::group_ended; // which is why its body has ended, who says so now
    ending_ = ending_.value_or(why);
    children = once_there_is_memory([this] { return children_; });
  }
  std::sort(children.begin(), children.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; }); // the same each time
  for (const auto& child : children) {
    once_there_is_memory([&] { detail::cancel(home_, *child.task, why); });
    if (kill)
      detail::kill(home_, *child.task);
  }
}

void group_state::enter(scope* body) noexcept {
  const std::lock_guard lock{mutex_};
  body_ = body;
  if (body && cancelled_)
    body->cancelled.store(true, std::memory_order_release);
}

bool group_state::cancelled() const noexcept {
  const std::lock_guard lock{mutex_};
  return cancelled_;
}

bool group_state::join() noexcept {
  const std::lock_guard lock{mutex_};
  joined_ = true;
  over_ = children_.empty();
  return over_;
}

bool group_state::over() const noexcept {
  const std::lock_guard lock{mutex_};
  return over_;
}

bool group_state::ended() const noexcept {
  const std::lock_guard lock{mutex_};
  return over_ && left_behind_ == 0;
}

std::size_t group_state::size() const noexcept {
  const std::lock_guard lock{mutex_};
  return children_.size();
}

std::vector<std::exception_ptr> group_state::take_errors() noexcept {
  ref<context> parent; // released after the lock
  const std::lock_guard lock{mutex_};
  if (left_behind_ == 0) // their end is told of
    std::swap(parent, parent_);
  return std::move(errors_);
}

void group_state::child_ended(record& child) noexcept {
  const auto* what = child.failed();
  if (!what)
    return;
  const bool cancelled = what->state() == state::cancelled && what->reason() != end_reason::shed;
  if (!cancelled) {
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
    if (!lost_child_)
      lost_child_ = std::move(child);
    if (!all_needed_)
      return;
    cancel_body_locked();
  }
  cancel_children(end_reason::group_ended);
}

/// Nobody refers to it any more; the exceptions are the users'.
void group_state::destroy() noexcept {
  if (service_thread::is_this() && (!errors_.empty() || lost_child_))
    home_.disposals().take(*this);
  else
    delete this;
}

std::exception_ptr group_state::lost_child() const noexcept {
  const std::lock_guard lock{mutex_};
  return lost_child_;
}

/// From now on its place says so.
void group_state::child_left_behind(record& child) noexcept {
  ref<record> released; // after the lock
  const std::lock_guard lock{mutex_};
  released = remove_locked(child);
  child.place = no_place;
  ++left_behind_;
}

bool group_state::attempt_left_behind(record& rest) noexcept {
  const std::lock_guard lock{mutex_};
  rest.place = no_place;
  ++left_behind_;
  return true;
}

void group_state::child_gone(record& child) noexcept {
  ref<record> released; // after the lock
  const std::lock_guard lock{mutex_};
  if (child.place == no_place)
    --left_behind_;
  else
    released = remove_locked(child);
  if (over_ && left_behind_ == 0 && parent_)
    parent_->wake();
}

ref<record> group_state::remove_locked(record& child) noexcept {
  ref<record> removed;
  if (child.place < children_.size() && children_[child.place].task.get() == &child) {
    removed = std::exchange(children_[child.place].task, std::move(children_.back().task));
    children_[child.place].number = children_.back().number;
    children_.pop_back();
    if (child.place < children_.size())
      children_[child.place].task->place = child.place;
  }
  over_ = children_.empty() && (joined_ || killed_);
  if (over_ && parent_)
    parent_->wake();
  return removed;
}

} // namespace detail
} // namespace taskactor
