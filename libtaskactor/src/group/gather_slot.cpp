#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"

#include <taskactor/detail/gather_slot.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/sleep.hpp>
#include <taskactor/task.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

static_assert(record::generation_one > parked_bit, "the count of items begins above the bits");

task<void> pause(std::chrono::nanoseconds duration) { co_await sleep_for(duration); }

/// Somebody else than idle slots waits for a token.
bool is_awaited(const std::atomic<std::size_t>& waiting, const slot_list& idle) noexcept {
  const auto count = waiting.load(std::memory_order_relaxed);
  return count != 0 && count > idle.idle();
}

void report_end(const record& item, const failure* what) noexcept {
  auto& home = *item.home;
  const auto kind = !what                                          ? event_kind::completed
                    : what->state() == taskactor::state::failed    ? event_kind::failed
                    : what->state() == taskactor::state::timed_out ? event_kind::timed_out
                                                                   : event_kind::cancelled;
  if (!home.events().wants(kind))
    return;
  try {
    detail::report(home, kind, item, what ? what->message() : std::string{});
  } catch (...) { // no memory to report it
  }
}

} // namespace

gather_slot::gather_slot(ref<gather_state> state) : state_(std::move(state)) {
  kind = record_kind::gather_slot;
  const auto& plan = state_->plan();
  home = &plan.home();
  timeout = plan.runs_tasks() ? no_timeout : plan.options().each.timeout.value_or(no_timeout);
  deadline_at = plan.inherited_deadline().time_since_epoch().count();
  if (plan.options().total_timeout)
    total_timeout = std::max(std::chrono::nanoseconds{0},
                             std::chrono::nanoseconds{plan.total_deadline() - home->now()});
}

std::string gather_slot::current_id() const {
  return state_->plan().id() + '/' + std::to_string(index_.load(std::memory_order_relaxed));
}

bool gather_slot::start(context& where) {
  if (!std::exchange(begun_, true)) {
    state_->slots.started();
    if (!fetch_next())
      return false;
  }
  const auto& plan = state_->plan();
  if (pause_ == pause_phase::due && state_->cancelled.take(index_.load(std::memory_order_relaxed))) {
    if (decide())
      fail(failure{taskactor::state::cancelled, end_reason::cancel_requested});
    return false;
  }
  if (std::exchange(pause_, pause_phase::over) == pause_phase::due && plan.options().jitter.count() > 0) {
    pause_ = pause_phase::running;
    item_started_.store(0, std::memory_order_relaxed);
    wait_.enter(pause(random_below(home->decides(), plan.options().jitter)), where);
    return true;
  }
  if (plan.runs_tasks())
    return start_task(where);
  const auto now = home->now();
  if (timeout.count() == 0) { // zero has expired (rule 7)
    if (decide())
      fail(failure{taskactor::state::timed_out, end_reason::run_timeout});
    return false;
  }
  started_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  item_started_.store(now.time_since_epoch().count(), std::memory_order_release);
  deadline_at.store(std::min(after(now, timeout), plan.inherited_deadline()).time_since_epoch().count(),
                    std::memory_order_relaxed);
  detail::report(*home, event_kind::started, *this);
  return start_item(where);
}

/// False: it was refused, which is how the item ends.
bool gather_slot::start_task(context& where) {
  try {
    auto made = make_task();
    auto wait = end_of_item_task(*made, *this); // needs memory: before there is one to wait for
    const auto refused = task_.admit(*state_, current_id(), std::move(made));
    if (!refused) {
      wait_.enter(std::move(wait), where);
      return true;
    }
    if (refused->code != errc::stopping)
      throw_rejection(*refused);
    if (decide())
      fail(failure{taskactor::state::cancelled, end_reason::shutdown});
  } catch (...) {
    conclude_exception();
  }
  drop_task();
  return false;
}

/// False: there is no item, and none to deliver either.
bool gather_slot::fetch_next() {
  if (!std::exchange(holds_, false))
    state_->progress.begin();
  std::size_t index = 0;
  bool got = false;
  {
    const fetch_credit::section fetching{state_->credit};
    if (!state_->progress.closed() && state_->credit.take()) {
      try {
        got = fetch(index);
      } catch (...) { // the range threw, or the copy of an item did
        state_->sink_failed();
      }
      if (!got)
        state_->credit.take_back();
    }
  }
  if (!got) {
    state_->settle_one();
    return false;
  }
  forget_progress();
  children.store(0, std::memory_order_relaxed);
  pause_ = pause_phase::due;
  task_.reset(); // before the manager may deliver the item: that asks whether it was a task
  index_.store(index, std::memory_order_relaxed);
  undelivered_.store(true, std::memory_order_release);
  state_->fetched();
  return true;
}

void gather_slot::collect() noexcept {
  if (task_.is_there()) {
    collect_task();
    return;
  }
  if (pause_ != pause_phase::running) {
    collect_item();
    return;
  }
  if (cancel_requested() && decide()) // in the pause: the item never starts
    fail(failure{on_body_end(body_end::killed, true), reason.load(std::memory_order_relaxed)});
}

std::exception_ptr gather_slot::discard_body() noexcept {
  const bool waited = wait_.entered(); // not if it was killed: the frames of that are gone
  auto thrown = waited ? wait_.discard() : std::exception_ptr{};
  if (task_.is_there()) {
    drop_task();
    task_.leave();
  }
  if (waited && !decided())
    return thrown; // the item itself comes now
  thrown = discard_item();
  const auto seen = control.load(std::memory_order_acquire);
  if ((seen & reviewed_bit) != 0)
    return thrown; // the manager delivers, which is perhaps just writing the outcome
  holds_ = hand_over(false);
  started_at.store(0, std::memory_order_relaxed);
  if ((seen & kill_bit) != 0)
    let_go(); // there is no `advance`
  return thrown;
}

/// The next item, unless the slot was asked to end, somebody else waits for the token, the item has ended
/// without one, or there is none.
bool gather_slot::advance() {
  if (pause_ == pause_phase::running) {
    pause_ = pause_phase::over;
    if (!decided())
      return true;
  }
  // Behind an item's task it has no token, and that one may go on in its place.
  if (!task_.was_admitted() && !is_awaited(home->waiting, state_->slots) && token.may_run()
      && fetch_next_generation())
    return true;
  let_go();
  return false;
}

/// A cancellation or a deadline is for one item: it finds its generation, or nothing.
bool gather_slot::fetch_next_generation() {
  item_started_.store(
      0, std::memory_order_relaxed); // before the generation: a review that sees the new one sees this
  auto now = control.load(std::memory_order_acquire);
  do {
    if ((now & (cancel_bit | kill_bit)) != 0)
      return false;
  } while (
      !control.compare_exchange_weak(now, (now & ~decided_bit) + generation_one, std::memory_order_acq_rel));
  if (fetch_next())
    return true;
  decide(); // nothing to end any more
  return false;
}

/// What it has delivered is over.
void gather_slot::let_go() noexcept {
  if (std::exchange(holds_, false))
    state_->settle_one();
}

void gather_slot::deliver() noexcept {
  if (hand_over(true))
    state_->settle_one();
}

/// False: there is nothing to deliver.
bool gather_slot::hand_over(bool late) noexcept {
  if (!undelivered_.exchange(false, std::memory_order_acq_rel))
    return false;
  const auto* what = item_failure();
  if (!task_.was_admitted())
    report_end(*this, what);
  state_->count_item(what, task_.was_admitted());
  try {
    deliver_item(index_.load(std::memory_order_relaxed), late);
  } catch (...) {
    state_->sink_failed();
  }
  return true;
}

/// A cancellation by index finds its generation, or nothing: see `fetch_next_generation`.
cancel_reply gather_slot::hold(std::size_t index, end_reason why) noexcept {
  auto seen = control.load(std::memory_order_acquire);
  do {
    if (!runs(index) || (seen & decided_bit) != 0)
      return cancel_reply::finished;
    if ((seen & (cancel_bit | kill_bit)) != 0)
      return cancel_reply::already_requested;
    auto none = end_reason::none;
    reason.compare_exchange_strong(none, why); // the body may see the request before the manager does
  } while (!control.compare_exchange_weak(seen, seen | cancel_bit, std::memory_order_acq_rel));
  return cancel_reply::requested;
}

deadline_check gather_slot::review(time_point now) {
  const auto seen = control.load(std::memory_order_acquire);
  const auto started = item_started_.load(std::memory_order_relaxed);
  const auto item_end
      = started == 0 ? time_point::max() : after(time_point{clock::duration{started}}, timeout);
  const auto end = std::min(item_end, state_->plan().total_deadline());
  if (end > now) // an item that starts later ends later than this, if it has a limit at all
    return {false, started == 0 ? std::min(after(now, timeout), end) : end};
  const bool all = state_->plan().total_deadline() <= now;
  if (all)
    state_->close(end_reason::total_timeout);
  if (end_item(seen,
               failure{taskactor::state::timed_out, all ? end_reason::total_timeout : end_reason::run_timeout,
                       all ? state_->plan().options().total_timeout.value_or(no_timeout) : timeout}))
    return {true, {}};
  // One that has been fetched since, or is just being fetched, ends with all; else it has its own time.
  constexpr std::chrono::milliseconds soon{10};
  return {false, after(now, all ? soon : std::max<std::chrono::nanoseconds>(timeout, soon))};
}

/// The item that there was at `seen`, which is undelivered: until it has been fetched there is nothing to
/// deliver, and its slot would take it for delivered.
bool gather_slot::end_item(std::uint64_t seen, failure how) noexcept {
  auto expected = seen;
  if ((seen & decided_bit) != 0 || !undelivered_.load(std::memory_order_acquire)
      || !control.compare_exchange_strong(expected, seen | decided_bit | reviewed_bit | cancel_bit,
                                          std::memory_order_acq_rel))
    return false;
  fail(std::move(how));
  deliver();
  return true;
}

void gather_slot::leave_item(failure how) noexcept {
  while (!end_item(control.load(std::memory_order_acquire), how))
    if ((control.load(std::memory_order_acquire) & decided_bit) != 0
        || !undelivered_.load(std::memory_order_acquire))
      return; // it has been delivered, or will be by its slot
}

void gather_slot::on_down() noexcept { state_->slot_down(*this, begun_); }

} // namespace taskactor::detail
