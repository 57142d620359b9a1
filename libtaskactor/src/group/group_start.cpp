#include "base/memory.hpp"
#include "base/service_thread.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "threads/disposal.hpp"

#include <taskactor/detail/group_start.hpp>
#include <taskactor/error.hpp>

namespace taskactor::detail {

bool start_progress::start(std::size_t attempt) {
  if (last_said_ == attempt)
    throw error{errc::already_ready, "started: it has been called before: a child starts once"};
  if (attempt != attempts_)
    return false; // of an attempt that was left behind
  last_said_ = attempt;
  if (started_ || over_ || unwanted_)
    return false;
  return started_ = true;
}

void start_progress::on_gone(bool is_child) noexcept {
  if (!is_child || child_is_left_behind_)
    --left_behind_;
  else
    over_ = true;
}

std::size_t group_start::begin_attempt() noexcept {
  const std::lock_guard lock{mutex_};
  return progress_.begin_attempt();
}

void group_start::set_waiting(context& caller, const record& child) noexcept {
  home_ = &caller.home();
  const std::lock_guard lock{mutex_};
  caller_ = ref<context>{&caller};
  child_ = &child;
}

bool group_start::started() const noexcept {
  const std::lock_guard lock{mutex_};
  return progress_.started();
}

bool group_start::settled() const noexcept {
  const std::lock_guard lock{mutex_};
  return progress_.started() || progress_.over();
}

bool group_start::give_up() noexcept {
  const std::lock_guard lock{mutex_};
  return progress_.give_up();
}

bool group_start::forsake() noexcept {
  const std::lock_guard lock{mutex_};
  return progress_.forsake();
}

void group_start::leave() noexcept {
  ref<context> released; // after the lock
  const std::lock_guard lock{mutex_};
  if (!progress_.is_awaited())
    released = std::exchange(caller_, {});
}

void group_start::raise(const std::string& id, bool gave_up) const {
  std::optional<failure> why;
  {
    const std::lock_guard lock{mutex_};
    why = failure_;
  }
  const bool to_end = gave_up || require_context().must_stop();
  if (to_end && (!why || why->state() == state::cancelled))
    throw cancelled_error{};
  if (why)
    why->raise();
  throw error{errc::never_ready, "start_ready: the child \"" + id + "\" has ended without calling started()"};
}

bool group_start::ended() const noexcept {
  const std::lock_guard lock{mutex_};
  return progress_.gone();
}

void group_start::child_ended(record& child) noexcept {
  const auto* what = child.failed();
  {
    const std::lock_guard lock{mutex_};
    if (!progress_.is_groups()) {
      if (what)
        failure_ = *what;
      return;
    }
  }
  group_->child_ended(child);
}

void group_start::child_left_behind(record& child) noexcept {
  group_->child_left_behind(child);
  const std::lock_guard lock{mutex_};
  progress_.leave_child_behind();
  wake();
}

bool group_start::attempt_left_behind(record& rest) noexcept {
  group_->attempt_left_behind(rest);
  const std::lock_guard lock{mutex_};
  progress_.leave_attempt_behind();
  return true;
}

/// Of the child, or of what was left behind of it.
void group_start::child_gone(record& child) noexcept {
  ref<context> released; // after the lock
  group_->child_gone(child);
  const std::lock_guard lock{mutex_};
  progress_.on_gone(&child == child_);
  wake();
  if (progress_.gone())
    released = std::exchange(caller_, {});
}

void group_start::wake() noexcept {
  if (caller_)
    caller_->wake();
}

/// Nobody refers to it any more; the value is the user's.
void group_start::destroy() noexcept {
  if (home_ && service_thread::is_this())
    home_->disposals().take(*this);
  else
    delete this;
}

start_wait::~start_wait() {
  start_->leave();
  if (child_)
    child_->drop_handle();
}

void start_wait::admit(context& caller, ref<record> child, task_options options) {
  start_->set_waiting(caller, *child);
  child_ = std::move(child);
  child_->owners.add(); // first: a task that ends without one forgets its outcome
  ref<record> joined;
  const auto refused = group_->admit(child_, std::move(options), joined, start_);
  if (refused)
    throw_rejection(*refused);
  if (joined) {
    const auto id = joined->current_id();
    joined->drop_handle();
    throw_rejection({errc::duplicate_id, "duplicate id: " + id + ": its start can't be waited for"});
  }
  admitted_ = true;
}

void start_wait::await_resume() {
  if (!admitted_)
    throw cancelled_error{};
  if (start_->started())
    return;
  if (!start_->ended())
    require_context().join_before_exit_if_killed(start_); // what was left behind goes on
  child_->mark_observed();
  start_->raise(child_->current_id(), unwanted_);
}

/// The child may refer to what is in the caller's frames: they stay until it has ended (rule 15).
bool start_wait::give_up() noexcept {
  unwanted_ = start_->give_up();
  if (unwanted_)
    cancel_child();
  return false;
}

ref<operation> start_wait::kill() noexcept {
  if (!start_->forsake())
    return {};
  cancel_child();
  return start_;
}

void start_wait::cancel_child() noexcept {
  once_there_is_memory([this] { detail::cancel(*child_->home, *child_, end_reason::parent_ended); });
}

} // namespace taskactor::detail
