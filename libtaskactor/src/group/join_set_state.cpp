#include "lifecycle/requests.hpp"

#include <taskactor/detail/join_set_state.hpp>
#include <taskactor/outcome.hpp>

#include <vector>

namespace taskactor::detail {

set_task::set_task(join_set_state& of, ref<record> task) noexcept
    : end_listener([](end_listener& self) noexcept {
        auto& me = static_cast<set_task&>(self);
        me.set_.on_end(me);
      }),
      set_(of),
      task_(std::move(task)) {}

void set_task_list::link(set_task* one, set_task* before, set_task* behind) noexcept {
  one->in_ = this;
  one->before_ = before;
  one->behind_ = behind;
  (before ? before->behind_ : first_) = one;
  (behind ? behind->before_ : last_) = one;
}

ref<set_task> set_task_list::remove(set_task& one) noexcept {
  (one.before_ ? one.before_->behind_ : first_) = one.behind_;
  (one.behind_ ? one.behind_->before_ : last_) = one.before_;
  one.before_ = one.behind_ = nullptr;
  one.in_ = nullptr;
  return ref<set_task>::adopt(&one);
}

// -- adding -----------------------------------------------------------------

/// It listens first: from then on the set may be closed, which removes it.
bool join_set_state::enlist(const ref<set_task>& one) noexcept {
  one->task_->add(*one);
  {
    const std::lock_guard lock{mutex_};
    if (!closed_) {
      live_.push_back(one);
      ++unjoined_;
      return true;
    }
  }
  one->task_->remove(*one);
  return false;
}

void join_set_state::forget(set_task& one) noexcept {
  one.task_->remove(one);
  ref<set_task> released; // after the lock
  const std::lock_guard lock{mutex_};
  if (!one.in_)
    return; // the set is over
  released = one.in_->remove(one);
  --unjoined_;
  serve_all_if_empty();
}

std::optional<rejection> join_set_state::add(const ref<set_task>& one, ref<record> child,
                                             task_options&& options, ref<record>& joined) {
  if (!enlist(one))
    return rejection{errc::stopping, "the set of tasks has ended"};
  std::optional<rejection> refused;
  try {
    refused = admit(std::move(child), std::move(options), joined);
  } catch (...) {
    forget(*one);
    throw;
  }
  if (refused || joined)
    forget(*one);
  return refused;
}

// -- joining ----------------------------------------------------------------

ref<set_task> join_set_state::take() noexcept {
  const std::lock_guard lock{mutex_};
  if (closed_ || ended_.empty())
    return {};
  auto one = ended_.pop_front();
  --unjoined_;
  serve_all_if_empty();
  return one;
}

bool join_set_state::take_or_wait(join_waiter& who) noexcept {
  const std::lock_guard lock{mutex_};
  if (closed_)
    return true;
  if (!ended_.empty()) {
    who.got = ended_.pop_front();
    --unjoined_;
    serve_all_if_empty();
    return true;
  }
  if (unjoined_ == 0)
    return true;
  who.before = last_waiting_;
  (last_waiting_ ? last_waiting_->behind : first_waiting_) = &who;
  last_waiting_ = &who;
  who.waits = true;
  return false;
}

bool join_set_state::stop_waiting(join_waiter& who) noexcept {
  const std::lock_guard lock{mutex_};
  if (!who.waits)
    return false;
  unlink(who);
  return true;
}

void join_set_state::give_back(ref<set_task> one) noexcept {
  ref<set_task> dropped; // after the lock
  const std::lock_guard lock{mutex_};
  if (closed_) {
    dropped = std::move(one);
    return;
  }
  ++unjoined_;
  if (!first_waiting_) {
    ended_.push_front(std::move(one));
    return;
  }
  serve(*first_waiting_, std::move(one));
}

void join_set_state::on_end(set_task& one) noexcept {
  const std::lock_guard lock{mutex_};
  if (!one.in_)
    return; // the set is over, and is removing it
  auto ended = live_.remove(one);
  if (first_waiting_)
    serve(*first_waiting_, std::move(ended));
  else
    ended_.push_back(std::move(ended));
}

/// There was one for it.
void join_set_state::serve(join_waiter& who, ref<set_task> with) noexcept {
  --unjoined_;
  who.got = std::move(with);
  unlink(who);
  auto& body = *who.body;
  who.served.store(true, std::memory_order_release);
  body.wake();
  serve_all_if_empty();
}

/// Nothing is left that could serve those who wait.
void join_set_state::serve_all_if_empty() noexcept {
  while (unjoined_ == 0 && first_waiting_) {
    auto& who = *first_waiting_;
    unlink(who);
    auto& body = *who.body;
    who.served.store(true, std::memory_order_release);
    body.wake();
  }
}

void join_set_state::unlink(join_waiter& who) noexcept {
  (who.before ? who.before->behind : first_waiting_) = who.behind;
  (who.behind ? who.behind->before : last_waiting_) = who.before;
  who.before = who.behind = nullptr;
  who.waits = false;
}

std::size_t join_set_state::unjoined() const noexcept {
  const std::lock_guard lock{mutex_};
  return unjoined_;
}

void join_set_state::cancel_all() const {
  std::vector<ref<record>> tasks;
  {
    const std::lock_guard lock{mutex_};
    tasks.reserve(unjoined_);
    for (auto* one = live_.first(); one; one = set_task_list::behind(*one))
      tasks.push_back(one->task_);
  }
  for (const auto& each : tasks)
    detail::cancel(*each->home, *each, end_reason::cancel_requested);
}

void join_set_state::close() noexcept {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    unjoined_ = 0;
    serve_all_if_empty();
  }
  for (;;) {
    ref<set_task> one; // dropped without the lock: it may have the last handle
    {
      const std::lock_guard lock{mutex_};
      if (auto& from = live_.empty() ? ended_ : live_; !from.empty())
        one = from.pop_front();
    }
    if (!one)
      return;
    one->task_->remove(*one);
  }
}

// -- waiting ----------------------------------------------------------------

bool join_wait::begin(context& ctx) {
  if (const auto parks = ctx.refusal()) {
    refused_ = true;
    return *parks;
  }
  me_.body = &ctx;
  begun_ = true;
  if (set_->take_or_wait(me_)) {
    me_.served.store(true, std::memory_order_relaxed);
    return ctx.goes_on();
  }
  lend(ctx);
  return true;
}

ref<set_task> join_wait::finish() {
  if (comes_to_nothing())
    throw cancelled_error{};
  wait_for_server();
  begun_ = false;
  return std::move(me_.got);
}

ref<operation> join_wait::kill() noexcept {
  abandon();
  return {};
}

void join_wait::abandon() noexcept {
  if (!std::exchange(begun_, false))
    return;
  set_->stop_waiting(me_);
  if (me_.got)
    set_->give_back(std::move(me_.got));
}

// -- its end ----------------------------------------------------------------

task<bool> end_join_set(ref<join_set_state> state) {
  state->cancel_children(end_reason::group_ended);
  group_join join{state};
  co_await join;
  state->take_errors(); // there are none: it refers to its parent no longer
  co_return join.told();
}

} // namespace taskactor::detail
