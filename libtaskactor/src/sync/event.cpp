#include <taskactor/sync/event.hpp>

#include <taskactor/error.hpp>

#include <mutex>

namespace taskactor {

namespace {

[[noreturn]] void throw_never_set() {
  throw error{errc::closed, "event: nobody can set it any more, its last copy is gone"};
}

} // namespace

namespace detail {

void event_state::set() noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  set_ = true;
  wakes.serve_all(waiting_);
}

void event_state::clear() noexcept {
  const std::lock_guard guard{lock};
  set_ = false;
}

bool event_state::is_set() noexcept {
  const std::lock_guard guard{lock};
  return set_;
}

std::size_t event_state::waiting() noexcept {
  const std::lock_guard guard{lock};
  return waiting_.size();
}

wait_end event_state::look_or_wait(sync_waiter& one) noexcept {
  if (set_)
    return wait_end::served;
  if (orphaned_)
    return wait_end::closed;
  waiting_.push_back(one);
  return wait_end::none;
}

void event_state::on_last_owner() noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  orphaned_ = true;
  wakes.serve_all(waiting_, wait_end::closed);
}

void event_await::await_resume() {
  finish();
  taken();
  if (end() == wait_end::closed)
    throw_never_set();
}

} // namespace detail

void event::blocking_wait() const {
  detail::sync_block here{nullptr};
  const detail::ref<detail::event_state> of{&*state_};
  if (here.run(*of, [&](detail::sync_wakes&) { return of->look_or_wait(here); }) == detail::wait_end::closed)
    throw_never_set();
}

} // namespace taskactor
