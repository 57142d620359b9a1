#include "base/memory.hpp"
#include "base/service_thread.hpp"
#include "events/hub.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/batch_registry.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "threads/disposal.hpp"

#include <taskactor/detail/gather_slot.hpp>
#include <taskactor/detail/gather_state.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// Once for each manager: who sets a concurrency beyond the capacity would look in vain for what is slow.
/// With fewer items, of which so many were `taken`, it makes no difference.
void tell_of_capacity(const gather_plan& plan, std::size_t taken) noexcept {
  auto& home = plan.home();
  const auto capacity = home.capacity.load();
  if (taken <= capacity || !home.batches().is_first_beyond())
    return;
  try {
    home.events().warn("gather \"" + plan.id() + "\": concurrency "
                       + std::to_string(plan.options().concurrency) + ", but the manager's capacity is "
                       + std::to_string(capacity) + ": no more items run at once (told once)");
  } catch (...) { // no memory to tell
  }
}

void end_slots(manager_core& home, const slot_list& slots, end_reason why, bool kill) noexcept {
  const auto all = once_there_is_memory([&] { return slots.all(); });
  for (const auto& each : all) {
    once_there_is_memory([&] { detail::cancel(home, *each, why); });
    if (kill)
      detail::kill(home, *each);
  }
}

} // namespace

gather_state::gather_state(manager_core& home, gather_options options, item_abilities items)
    : plan_(home, std::move(options), items), stop_(plan_.options().until) {}

void gather_state::adopt(context& parent) {
  plan_.inherit(parent);
  waiter.wake_instead(&parent);
}

void gather_state::open(bool nested, bool feeding) {
  plan_.open(nested, feeding, known_items());
  plan_.home().batches().add(*this);
  const bool watches = watch();
  if (watches && progress.closed() && unwatch()) // who has closed it meanwhile may have found no watcher
    settle_one();
  if (watches && plan_.comes_too_late()) // the manager may have closed those that it knew before
    close(end_reason::shutdown);
  more(plan_.limit());
  if (!feeding && !watches)
    settle_one();
}

/// A slot for each item that could be fetched, up to the limit. Not under the lock while the runtime is told.
void gather_state::more(std::size_t most) noexcept {
  auto& home = plan_.home();
  close_if_late(*this);
  const auto make_if_needed = [this](std::size_t there, std::size_t idle) -> ref<gather_slot> {
    if (progress.closed()) // who has asked the slots to end may not have seen this one
      return {};
    if (there + progress.tasks_left() >= plan_.limit() || idle >= credit.left())
      return {};
    auto made = make_slot();
    plan_.prepare_slot(*made);
    return made;
  };
  for (; most != 0 && !progress.closed() && has_items(); --most) {
    ref<gather_slot> added;
    try {
      added = slots.add(make_if_needed);
      if (!added)
        return;
      if (detail::admit_slot(home, added))
        continue;
    } catch (const std::bad_alloc&) { // the slots that are there go on without a further one
      if (slots.remove(added, false))
        sink_failed(); // without any the gather has failed
      return;
    }
    close(end_reason::shutdown);
    slot_down(*added, false);
  }
}

void gather_state::close(end_reason /*why*/) noexcept {
  progress.close();
  if (unwatch())
    settle_one();
  progress.begin();
  settle_one(); // nothing may be under way: then this is the end
  notify();
}

void gather_state::cancel(end_reason why) noexcept {
  close(why);
  end_slots(plan_.home(), slots, why, false);
}

void gather_state::kill() noexcept {
  close(end_reason::parent_ended);
  end_slots(plan_.home(), slots, end_reason::parent_ended, true);
}

void gather_state::wait(const std::function<bool()>& done) {
  for (;;) {
    try {
      waiter.block(
          plan_.home().waits(), [&] { return progress.complete() || has_late() || (done && done()); },
          progress.closed() ? time_point::max() : plan_.total_deadline());
    } catch (...) { // in virtual time, where a wait can fail: the items are the caller's, who leaves
      cancel(end_reason::parent_ended);
      throw;
    }
    close_if_late(*this);
    // before the look at what is late, which came before it
    const bool over = progress.complete() || (done && done());
    if (!has_late()) {
      if (over)
        return;
      continue; // a slot has told it
    }
    try {
      tell_late();
    } catch (...) {
      sink_failed();
    }
  }
}

void gather_state::notify() noexcept {
  const ref<gather_state> self{this}; // whoever sees the end may be faster than the rest of this
  waiter.notify();
}

void gather_state::fetched() noexcept {
  if (plan_.options().concurrency > plan_.home().capacity.load(std::memory_order_relaxed))
    tell_of_capacity(plan_, taken());
  if (plan_.feeding() && wants_items())
    notify();
}

void gather_state::count_item(const failure* what, bool is_task) noexcept {
  if (!is_task)
    plan_.home().items.raise();
  if (stop_.count(what) && !progress.closed())
    cancel(end_reason::group_ended);
}

void gather_state::settle_one() noexcept {
  if (!progress.settle([this] { return has_items(); }))
    return;
  finish();
  notify();
}

void gather_state::sink_failed() noexcept {
  waiter.keep_failure(std::current_exception());
  cancel(end_reason::group_ended);
}

void gather_state::slot_down(gather_slot& which, bool had_started) noexcept {
  const ref<gather_slot> keep{&which};
  const ref<gather_state> self{this};
  slots.remove(keep, had_started);
  more(plan_.limit());
  finish();
  notify();
}

void gather_state::task_gone(bool left) noexcept {
  const ref<gather_state> self{this};
  const bool last = progress.task_gone(left);
  if (left)
    more();
  if (!last)
    return;
  finish();
  notify();
}

/// When nothing of it is left and nothing will come. The slots first: without any none makes a task.
void gather_state::finish() noexcept {
  if (progress.complete() && slots.empty() && progress.finish())
    plan_.home().batches().remove(*this);
}

/// Nobody refers to it any more; body, range and sink are the user's.
void gather_state::destroy() noexcept {
  plan_.drop_locals();
  if (service_thread::is_this() && !is_harmless())
    plan_.home().disposals().take(*this);
  else
    delete this;
}

ref<record> gather_state::find_item(std::size_t index) const { return slots.find(index); }

cancel_reply gather_state::cancel_item(std::size_t index) {
  const auto cancel_in = [&](gather_slot& slot) {
    const auto reply = slot.hold(index, end_reason::cancel_requested);
    if (reply == cancel_reply::requested)
      detail::cancel(plan_.home(), slot, end_reason::cancel_requested);
    return reply;
  };
  if (const auto found = slots.find(index))
    return cancel_in(*found);
  if (index < taken())
    return cancel_reply::finished;
  if (index >= known_so_far())
    return cancel_reply::unknown;
  if (!cancelled.add(index))
    return cancel_reply::already_requested;
  // A slot that has fetched it since looks for that at its start, which may have been before.
  if (const auto found = slots.find(index); found && cancelled.take(index))
    return cancel_in(*found);
  return cancel_reply::requested;
}

void close_if_late(gather_state& gather) noexcept {
  if (!gather.progress.closed() && gather.plan().home().now() >= gather.plan().total_deadline())
    gather.close(end_reason::total_timeout);
}

void report_fault_of_body(const gather_plan& plan, const std::exception_ptr& thrown) noexcept {
  auto& home = plan.home();
  if (!thrown || !home.events().wants(event_kind::cleanup_fault))
    return;
  try {
    task_event what;
    what.kind = event_kind::cleanup_fault;
    what.id = plan.id();
    what.at = home.now();
    what.text = describe(thrown);
    home.events().emit(what);
  } catch (...) { // no memory to report it
  }
}

} // namespace taskactor::detail
