#include "base/invalid.hpp"
#include "base/memory.hpp"
#include "base/service_thread.hpp"
#include "capacity/limiter_changes.hpp"
#include "events/hub.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/batch_book.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"
#include "threads/disposal.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/gather_slot.hpp>
#include <taskactor/detail/gather_state.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// Of a gather that doesn't know how many items there are. Each is some hundred bytes.
constexpr std::size_t most_slots = 1U << 20;

std::optional<rejection> check_where(const task_options& each, const item_abilities& items) {
  if (each.where == run_where::thread && !items.on_threads)
    return not_on_a_thread();
  if (each.where == run_where::process)
    return invalid("where: run_where::process is for add_task; call run_in_process in the body");
  return {};
}

/// What is wrong with the tasks that items are to be.
std::optional<rejection> check_each(manager_core& home, task_options each, const item_abilities& items) {
  if (!each.id->empty())
    return invalid("id: an item's id is the gather's, a slash and its index");
  if (each.admission.on_duplicate != on_duplicate::reject)
    return invalid("admission.on_duplicate: an item's id is its own");
  if (each.admission.on_full != on_full::reject || each.admission.timeout != no_timeout)
    return invalid("admission.on_full: items aren't kept out by max_queue");
  if (auto wrong = check_where(each, items))
    return wrong;
  each.where = {}; // validate() takes it for one that nobody would look at
  if (auto wrong = validate(each))
    return wrong;
  if (*each.retry && (*each.retry)->max_attempts > 1 && !items.copied)
    return invalid("retry: the items can't be copied");
  std::vector<limit_need> needs;
  return find_needs(home, *each.limits, needs);
}

void check(manager_core& home, const gather_options& options, const item_abilities& items) {
  for (const auto& wrong :
       {check_duration("total_timeout", options.total_timeout), check_duration("jitter", options.jitter)})
    if (wrong)
      throw_rejection(*wrong);
  if (const auto wrong = check_each(home, options.each, items))
    throw_rejection({wrong->code, "each." + wrong->message});
}

/// More than a slot does by itself.
bool needs_tasks(const task_options& each) {
  return !each.limits->empty() || *each.retry || each.queue_timeout || each.total_timeout
         || runs_elsewhere(each);
}

} // namespace

gather_state::gather_state(manager_core& home, gather_options options, item_abilities items)
    : home_(home), options_(std::move(options)) {
  check(home_, options_, items);
  runs_tasks_ = needs_tasks(options_.each);
  if (options_.id->empty())
    options_.id = home_.batches().next_id();
  if (options_.total_timeout)
    total_deadline_ = after(home_.now(), *options_.total_timeout);
  limit_ = options_.concurrency != 0 ? options_.concurrency : std::max<std::size_t>(1, home_.capacity);
}

void gather_state::open(bool nested, bool feeding) {
  if (!nested && current_context())
    throw_rejection({errc::would_block,
                     "a blocking gather would hold a thread of the scheduler here: use co_await ta::gather"});
  if (nested && depth_ == 0)
    depth_ = 1;
  feeding_ = feeding;
  if (home_.table().refuses(depth_))
    throw_rejection({errc::stopping, "the task manager is stopping"});
  const auto known = known_items();
  limit_ = std::min(limit_, known != 0 ? known : most_slots);
  home_.batches().add(*this);
  add_slots(limit_);
  if (!feeding)
    feed_ended();
}

void gather_state::more() noexcept { add_slots(1); }

/// A slot for each item that could be fetched, up to the limit. Not under the lock while the runtime is told.
void gather_state::add_slots(std::size_t most) noexcept {
  if (home_.now() >= total_deadline_)
    close(end_reason::total_timeout);
  for (; most != 0 && !closed() && has_items(); --most) {
    ref<gather_slot> added;
    try {
      added = add_slot();
      if (!added)
        return;
      if (detail::admit_slot(home_, added))
        continue;
    } catch (const std::bad_alloc&) {
      lack_memory(added);
      return;
    }
    close(end_reason::shutdown);
    slot_down(*added, false);
  }
}

/// Once for each manager: who sets a concurrency beyond the capacity would look in vain for what is slow.
/// With fewer items it makes no difference.
void gather_state::tell_of_capacity() noexcept {
  const auto capacity = home_.capacity.load();
  if (taken() <= capacity || !home_.batches().is_first_beyond())
    return;
  try {
    home_.events().warn("gather \"" + *options_.id + "\": concurrency " + std::to_string(options_.concurrency)
                        + ", but the manager's capacity is " + std::to_string(capacity)
                        + ": no more items run at once (told once)");
  } catch (...) { // no memory to tell
  }
}

/// Empty: there are enough.
ref<gather_slot> gather_state::add_slot() {
  const std::lock_guard lock{mutex_};
  const auto running = std::min(slots_.size(), running_.load(std::memory_order_relaxed));
  if (closed()) // who has asked the slots to end may not have seen this one
    return {};
  if (slots_.size() >= limit_ || slots_.size() - running >= room_.load())
    return {};
  auto added = make_slot();
  added->depth = depth_;
  added->shielded = shielded_;
  added->parent_length = parent_length_;
  added->priority = static_cast<std::uint8_t>(options_.each.priority);
  if (const auto& key = *options_.each.fairness_key; !key.empty()) {
    added->extras = std::make_unique<task_extras>();
    added->extras->fairness_key = key;
  }
  added->submitted = added->waits_since = home_.now();
  slots_.push_back(added);
  return added;
}

/// In a handler. The slots that are there go on without a further one; without any the gather has failed.
void gather_state::lack_memory(const ref<gather_slot>& not_admitted) noexcept {
  bool none = false;
  {
    const std::lock_guard lock{mutex_};
    std::erase(slots_, not_admitted);
    none = slots_.empty();
  }
  if (none)
    sink_failed();
}

/// One item more is made room for: what stood still for that goes on.
void gather_state::make_room() noexcept {
  room_.fetch_add(1);
  more();
}

bool gather_state::take_bounded_room() noexcept {
  auto left = room_.load();
  while (left != 0 && !room_.compare_exchange_weak(left, left - 1)) {
  }
  return left != 0;
}

void gather_state::return_room() noexcept {
  if (is_bounded())
    room_.fetch_add(1);
}

void gather_state::set_fetching(bool is) noexcept { is ? fetching_.fetch_add(1) : fetching_.fetch_sub(1); }

void gather_state::close(end_reason why) noexcept {
  if (!closed_.exchange(true))
    close_reason_ = why;
  begin_fetch();
  settle_one(); // nothing may be under way: then this is the end
  notify();
}

void gather_state::signal(end_reason why, bool kill) noexcept {
  close(why);
  const auto slots = once_there_is_memory([this] {
    const std::lock_guard lock{mutex_};
    return slots_;
  });
  for (const auto& each : slots) {
    once_there_is_memory([&] { detail::cancel(home_, *each, why); });
    if (kill)
      detail::kill(home_, *each);
  }
}

void gather_state::adopt(context& parent) {
  const auto id = parent.core().current_id();
  parent_length_ = static_cast<std::uint32_t>(id.size());
  const auto& task = static_cast<record&>(parent.core());
  depth_ = task.depth_inside();
  shielded_ = task.shielded || in_shield(parent);
  options_.id = id + '/' + *options_.id;
  parent_deadline_ = parent.deadline();
  const std::lock_guard lock{mutex_};
  waiter_ = ref<context>{&parent};
}

void gather_state::wake_instead(context* waiter) noexcept {
  ref<context> other{waiter}; // the one before is released after the lock
  const std::lock_guard lock{mutex_};
  std::swap(waiter_, other);
}

void gather_state::fetched() noexcept {
  if (options_.concurrency > home_.capacity.load(std::memory_order_relaxed))
    tell_of_capacity();
  if (feeding_ && wants_items())
    notify();
}

void gather_state::notify() noexcept {
  const ref<gather_state> self{this}; // whoever sees the end may be faster than the rest of this
  {
    const std::lock_guard lock{mutex_};
    if (waiter_)
      waiter_->wake();
  }
  changed_.notify_all(); // not under the lock: who waits would wake for nothing, and wait for that
}

void gather_state::wait(const std::function<bool()>& done) {
  for (;;) {
    std::unique_lock lock{mutex_};
    try {
      home_.waits().block(lock, changed_, [&] { return complete() || has_late() || (done && done()); });
    } catch (...) { // in virtual time, where a wait can fail: the items are the caller's, who leaves
      if (lock.owns_lock())
        lock.unlock();
      cancel(end_reason::parent_ended);
      throw;
    }
    lock.unlock();
    const bool over = complete() || (done && done()); // before the look at what is late, which came before it
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

bool gather_state::crowded() const noexcept {
  const auto waiting = home_.waiting.load(std::memory_order_relaxed);
  if (waiting == 0)
    return false;
  const std::lock_guard lock{mutex_};
  return waiting > slots_.size() - std::min(slots_.size(), running_.load(std::memory_order_relaxed));
}

void gather_state::sink_failed() noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (!sink_failure_)
      sink_failure_ = std::current_exception();
  }
  cancel(end_reason::group_ended);
}

void gather_state::rethrow_sink_failure() {
  const std::lock_guard lock{mutex_};
  if (sink_failure_)
    std::rethrow_exception(sink_failure_);
}

void gather_state::report_fault_of_body(const std::exception_ptr& thrown) noexcept {
  if (!thrown || !home_.events().wants(event_kind::cleanup_fault))
    return;
  try {
    task_event what;
    what.kind = event_kind::cleanup_fault;
    what.id = *options_.id;
    what.at = home_.now();
    what.text = describe(thrown);
    home_.events().emit(what);
  } catch (...) { // no memory to report it
  }
}

std::optional<rejection> gather_state::admit(const gather_slot& slot, ref<record> task) {
  task->of_gather = true;
  task->depth = depth_;
  task->shielded = shielded_;
  task->parent_length = parent_length_;
  task->inherited_deadline = inherited_deadline();
  task->mark_observed(); // its slot looks at the outcome
  task_options how = options_.each;
  how.id = slot.current_id();
  how.timeout = how.timeout.value_or(no_timeout);
  how.where = {};
  ref<record> joined;
  return home_.admissions().admit(std::move(task), std::move(how), joined);
}

void gather_state::task_gone() noexcept {
  const ref<gather_state> self{this};
  if (tasks_.fetch_sub(1) != 1)
    return;
  finish();
  notify();
}

void gather_state::count_item(const failure* what, bool is_task) noexcept {
  if (!is_task)
    home_.items.raise();
  if (!options_.until.counts())
    return;
  if (!what)
    completed_.fetch_add(1, std::memory_order_relaxed);
  else if (what->state() != state::cancelled)
    failed_.fetch_add(1, std::memory_order_relaxed);
  if (options_.until.reached(completed_.load(std::memory_order_relaxed),
                             failed_.load(std::memory_order_relaxed))
      && !closed())
    cancel(end_reason::group_ended);
}

void gather_state::settle_one() noexcept {
  if (pending_.fetch_sub(1) != 1 || !(closed() || !has_items()))
    return;
  // Another slot may have fetched the last item between the two: then that one's end is the end. What is
  // fetched is counted before, so that none is under way when the count is zero after that.
  if (pending_.load() != 0 || complete_.exchange(true))
    return;
  finish();
  notify();
}

void gather_state::slot_down(gather_slot& which, bool had_started) noexcept {
  ref<gather_slot> keep{&which};
  const ref<gather_state> self{this};
  if (had_started)
    running_.fetch_sub(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock{mutex_};
    std::erase(slots_, keep);
  }
  add_slots(limit_);
  finish();
  notify();
}

/// When nothing of it is left and nothing will come.
void gather_state::finish() noexcept {
  if (!complete())
    return;
  {
    const std::lock_guard lock{mutex_};
    if (!slots_.empty() || tasks_.load() != 0 || over_.exchange(true))
      return;
  }
  home_.batches().remove(*this);
}

/// Nobody refers to it any more; body, range and sink are the user's.
void gather_state::destroy() noexcept {
  if (service_thread::is_this() && !is_harmless())
    home_.disposals().take(*this);
  else
    delete this;
}

// -- items by their index ---------------------------------------------------

ref<record> gather_state::find_item(std::size_t index) const { return find_slot(index); }

ref<gather_slot> gather_state::find_slot(std::size_t index) const {
  const std::lock_guard lock{mutex_};
  const auto found
      = std::find_if(slots_.begin(), slots_.end(), [&](const auto& each) { return each->runs(index); });
  return found == slots_.end() ? ref<gather_slot>{} : *found;
}

cancel_reply gather_state::cancel_item(std::size_t index) {
  const auto found = find_slot(index);
  if (!found)
    return index < taken() ? cancel_reply::finished : cancel_reply::unknown;
  const auto reply = found->hold(index, end_reason::cancel_requested);
  if (reply == cancel_reply::requested)
    detail::cancel(home_, *found, end_reason::cancel_requested);
  return reply;
}

} // namespace taskactor::detail
