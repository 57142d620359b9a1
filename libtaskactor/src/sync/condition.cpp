#include <taskactor/sync/condition.hpp>

#include <taskactor/error.hpp>
#include <taskactor/outcome.hpp>

#include <mutex>

namespace taskactor::detail {

namespace {

using stage = condition_place::stage;

condition_place& place_of(const sync_waiter& one) noexcept {
  return static_cast<condition_place&>(*static_cast<mutex_holder*>(one.place()));
}

} // namespace

wait_end condition_state::wait(sync_waiter& one, mutex_holder& last, sync_wakes& wakes) noexcept {
  if (orphaned_)
    return wait_end::closed;
  waiting_.push_back(one);
  mutex_->unlock(last, wakes);
  return wait_end::none;
}

void condition_state::end_wait(sync_waiter& one, stage why, sync_wakes& wakes) noexcept {
  place_of(one).now = why;
  waiting_.remove(one);
  mutex_->join_line(one, wakes);
}

void condition_state::notify(std::size_t most, sync_wakes& wakes) noexcept {
  for (; most > 0; --most) {
    auto* const first = waiting_.first();
    if (!first)
      return;
    end_wait(*first, stage::notified, wakes);
  }
}

void condition_state::notify(std::size_t most) noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{mutex_->lock};
  notify(most, wakes);
}

std::size_t condition_state::waiting() noexcept {
  const std::lock_guard guard{mutex_->lock};
  return waiting_.size();
}

void condition_state::on_last_owner() noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{mutex_->lock};
  orphaned_ = true;
  while (auto* const first = waiting_.first())
    end_wait(*first, stage::closed, wakes);
}

bool condition_await::start(context& ctx) {
  mutex_holder last; // let go without the lock
  return begin(ctx, [&](sync_wakes& wakes) {
    if (!guard_->is_of(at_->its_mutex()))
      throw error{errc::invalid_argument,
                  "condition: wait takes a guard that has the condition's mutex locked; this one "
                      + std::string{*guard_ ? "is of another mutex" : "is empty"}};
    place_.task = ref<record>{&static_cast<record&>(ctx.core())};
    const auto how = at_->wait(*this, last, wakes);
    if (how == wait_end::none)
      guard_->disown();
    return how;
  });
}

/// An end is due. One that wasn't notified wants nothing but the mutex now, which it isn't kept from.
bool condition_await::give_up() noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{at_->its_mutex().lock};
  if (place_.now == stage::waits)
    at_->end_wait(*this, stage::cancelled, wakes);
  return false;
}

void condition_await::await_resume() {
  finish();
  taken();
  const bool was_closed = end() == wait_end::closed; // before it began: the guard has kept the mutex
  if (!was_closed)
    *guard_ = mutex_guard{ref<mutex_state>{&at_->its_mutex()}};
  if (place_.now == stage::cancelled)
    throw cancelled_error{};
  if (was_closed || place_.now == stage::closed)
    throw error{errc::closed, "condition: nobody can notify any more, its last copy is gone"};
}

std::string condition_await::awaited() const {
  auto& mutex = at_->its_mutex();
  bool waits = false;
  {
    const std::lock_guard guard{mutex.lock};
    waits = place_.now == stage::waits;
  }
  return waits ? "a notification by a condition" : mutex.held_by(body()) + ", to go on after a condition";
}

/// It was killed while it wanted the mutex: its notification is the next one's.
void condition_await::on_left(sync_wakes& wakes) noexcept {
  if (place_.now == stage::notified)
    at_->notify(1, wakes);
}

void condition_await::give_back() noexcept {
  if (!abandon())
    return;
  mutex_holder last;
  sync_wakes wakes;
  auto& mutex = at_->its_mutex();
  const std::lock_guard guard{mutex.lock};
  if (place_.now == stage::notified)
    at_->notify(1, wakes);
  mutex.unlock(last, wakes);
}

} // namespace taskactor::detail
