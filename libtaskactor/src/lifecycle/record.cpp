#include <taskactor/detail/record.hpp>

#include "base/service_thread.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/record_disposer.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_words.hpp"
#include "task/stop_token_box.hpp"

#include <caf/all.hpp>

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <stop_token>
#include <utility>

namespace taskactor::detail {

namespace {

/// It failed as it was asked to end, or since nothing new is begun any more: whoever ends a program with a
/// thousand tasks needn't read of each that it was in the middle of something.
bool was_to_end(const record& task, const failure& what) {
  if (what.state() != state::failed)
    return false; // at its deadline it is asked to end, too
  if (task.cancel_requested())
    return true;
  try {
    what.raise();
  } catch (const std::system_error& error) {
    return error.code() == errc::stopping;
  } catch (...) { // something else
    return false;
  }
}

/// To whom the manager reports, which has perhaps gone: `home` is nothing any more then.
void report_unobserved(const record& task, const failure& what, event_hub& to) noexcept {
  if (!to.wants(event_kind::unobserved_failure))
    return;
  try {
    task_event lost;
    lost.kind = event_kind::unobserved_failure;
    lost.id = task.current_id();
    lost.at = time_point{clock::duration{task.ended_at.load(std::memory_order_relaxed)}};
    if (const auto started = task.started_at.load(std::memory_order_relaxed))
      lost.ran = lost.at - time_point{clock::duration{started}};
    lost.text = task.error_text();
    to.emit(lost, was_to_end(task, what));
  } catch (...) { // no memory to report it
  }
}

/// Of a body that a scope of its own has ended just when its time was up, before the manager has said so.
failure out_of_time(const record& task, time_point now) {
  const time_point started{clock::duration{task.started_at.load(std::memory_order_relaxed)}};
  const auto begun = task.extras ? std::max(task.submitted, task.extras->clocks_begin) : task.submitted;
  if (task.kind == record_kind::task && after(begun, task.total_timeout) <= now)
    return failure{state::timed_out, end_reason::total_timeout, task.total_timeout};
  if (after(started, task.timeout) <= now)
    return failure{state::timed_out, end_reason::run_timeout, task.timeout};
  return failure{state::cancelled, end_reason::parent_ended};
}

} // namespace

/// A lock in each of a million records would be a waste: records share these. Guards listeners and progress.
std::mutex& stripe_of(const record& which) noexcept {
  static std::array<std::mutex, 64> stripes;
  return stripes[(reinterpret_cast<std::uintptr_t>(&which) >> 6) % stripes.size()];
}

void drop(ref<local_binding>& locals, record_disposer& elsewhere) noexcept {
  auto* const last = locals.detach();
  if (!last || !last->release_without_destroying())
    return;
  if (!service_thread::is_this() || last->is_harmless())
    return last->destroy();
  try {
    elsewhere.call({}, [last] { last->destroy(); }, {});
  } catch (...) { // no memory to do it elsewhere
    last->destroy();
  }
}

ref<record> body_actions::leave_attempt() { return {}; }

record::record() = default;
record::~record() = default;

void record::conclude_exception() noexcept {
  conclude_exception(std::current_exception(), caught_cancellation());
}

void record::conclude_exception(std::exception_ptr thrown, bool cancellation) noexcept {
  const bool asked = cancel_requested();
  const auto how = cancellation ? body_end::stopped : body_end::threw;
  if (!decide()) { // its end is told already, by a deadline: nobody else would see this error
    if (how == body_end::threw)
      report_cleanup_fault(thrown);
    return;
  }
  if (cancellation && !asked && deadline() <= now())
    fail(out_of_time(*this, now()));
  else if (on_body_end(how, asked) == taskactor::state::cancelled)
    fail(failure{taskactor::state::cancelled, reason.load(std::memory_order_relaxed)});
  else {
    fail(failure{std::move(thrown)});
    keep_error();
  }
}

void record::keep_error() noexcept {
  const auto* what = failed();
  if (!what)
    return;
  try {
    auto text = what->message();
    const std::lock_guard lock{stripe_of(*this)};
    said().error = std::move(text);
  } catch (...) { // NOLINT: no memory for the words
  }
}

std::string record::error_text() const {
  const std::lock_guard lock{stripe_of(*this)};
  return error_text_for_listener();
}

/// Under the lock.
std::string record::error_text_for_listener() const {
  const auto* what = failed();
  if (!what)
    return {};
  if (!what->cause())
    return what->message();
  return words_ && !words_->error.empty() ? words_->error : std::string{to_string(what->state())};
}

std::uint8_t record::user_parts(std::uint8_t among) const noexcept {
  return (among & spare_part) != 0 && extras && extras->retry && extras->retry->retry_on ? spare_part : 0;
}

/// Nobody refers to it any more.
void record::destroy() noexcept {
  if (service_thread::is_this() && home && user_parts(all_parts) != 0)
    home->disposer().take_all_of(*this);
  else
    delete this;
}

task_words& record::said() {
  if (!words_)
    words_ = std::make_unique<task_words>();
  return *words_;
}

/// They are there before anybody else can look, and stay: so they need no lock, and `has_locals` none either.
void inherit(record& task, ref<local_binding> locals) {
  task.said().locals = std::move(locals);
  task.has_locals = true;
}

local_binding* record::inherited_locals() const noexcept {
  return has_locals ? words_->locals.get() : nullptr;
}

void drop_locals(record& task) noexcept {
  if (task.has_locals)
    drop(task.words_->locals, task.home->disposer());
}

void record::report_progress(std::uint64_t done, std::uint64_t total, std::string text) {
  {
    const std::lock_guard lock{stripe_of(*this)};
    said().progress = {done, total, text};
  }
  detail::report_progress(*home, *this, done, total, std::move(text));
}

void record::report_cleanup_fault(const std::exception_ptr& what) noexcept {
  if (home) // otherwise it was refused before anything
    detail::report_cleanup_fault(*home, *this, what);
}

void record::forget_progress() noexcept {
  if (!words_)
    return;
  const std::lock_guard lock{stripe_of(*this)};
  words_->forget_body();
}

void record::give(stop_token_box& into) {
  std::stop_source mine{std::nostopstate};
  {
    const std::lock_guard lock{stripe_of(*this)};
    auto& kept = said();
    if (!kept.stop)
      kept.stop.emplace();
    mine = *kept.stop;
  }
  if (cancel_requested() && !mine.stop_requested()) { // else `pass_on_stop` will see that it is there
    mine = std::stop_source{}; // the other one may have callbacks, which aren't to run here
    mine.request_stop();
  }
  into.token = mine.get_token();
}

/// Its callbacks are the user's: they don't run on the manager's thread.
void record::pass_on_stop() noexcept {
  std::stop_source mine{std::nostopstate};
  {
    const std::lock_guard lock{stripe_of(*this)};
    if (words_ && words_->stop)
      mine = *words_->stop;
  }
  if (!mine.stop_possible() || mine.stop_requested())
    return;
  try {
    home->disposer().call(current_id(), [mine]() mutable { mine.request_stop(); }, {});
  } catch (...) { // NOLINT: no memory to pass it on; `cancel_requested` says it, and awaits end
  }
}

void record::forget_stop() noexcept {
  const std::lock_guard lock{stripe_of(*this)};
  if (words_)
    words_->stop.reset();
}

task_info record::info() const {
  task_info result;
  result.id = current_id();
  result.parent = result.id.substr(0, parent_length);
  result.state = state.load(std::memory_order_acquire);
  result.reason = reason.load(std::memory_order_relaxed);
  result.submitted = submitted;
  result.started = time_point{clock::duration{started_at.load(std::memory_order_relaxed)}};
  if (kind == record_kind::gather_slot && result.started != time_point{})
    result.submitted = result.started; // the item's: it has waited nowhere but in its gather
  result.ended = time_point{clock::duration{ended_at.load(std::memory_order_relaxed)}};
  result.deadline = deadline();
  result.overrun = overrunning.load(std::memory_order_relaxed);
  result.priority = priority;
  if (extras) {
    result.attempt = extras->attempt;
    const std::lock_guard lock{extras->mutex};
    result.attempts = extras->attempts;
  }
  const std::lock_guard lock{stripe_of(*this)};
  if (words_) {
    result.progress = words_->progress;
    if (is_final(result.state) && result.state != taskactor::state::completed) // else of an attempt before
      result.error = words_->error;
  }
  return result;
}

bool record::add(end_listener& listener) noexcept {
  const std::lock_guard lock{stripe_of(*this)};
  if (is_final(state.load(std::memory_order_acquire)))
    return false;
  listeners_.add(listener);
  return true;
}

void record::remove(end_listener& listener) noexcept {
  const std::lock_guard lock{stripe_of(*this)};
  end_listeners::remove(listener);
}

bool record::enter_home() noexcept {
  const std::lock_guard lock{stripe_of(*this)}; // a manager isn't taken apart before all ends are published
  if (is_final(state.load(std::memory_order_acquire)))
    return false;
  home->callers.enter();
  return true;
}

bool record::let_go() noexcept {
  if (const auto* what = failed()) {
    auto text = error_text();
    const std::lock_guard lock{stripe_of(*this)};
    auto& kept = said();
    kept.error = std::move(text); // kept when the outcome is forgotten: `find` still tells (rule 11)
    if (what->state() != taskactor::state::cancelled)
      kept.hub = home->events().shared_from_this();
  }
  return owners.drop();
}

bool record::publish(taskactor::state end) noexcept {
  const std::lock_guard lock{stripe_of(*this)};
  state.store(end, std::memory_order_release);
  return !listeners_.empty(); // no other can be added now
}

void record::tell_listeners() noexcept {
  const std::lock_guard lock{stripe_of(*this)};
  listeners_.tell_all();
}

void record::forget_outcome() noexcept {
  const auto* what = failed();
  if (what && what->state() != taskactor::state::cancelled && !observed())
    report_unobserved(*this, *what, *words_->hub);
  if (service_thread::is_this() && user_parts(outcome_part) != 0)
    home->disposer().take(*this, outcome_part);
  else
    drop_outcome();
}

} // namespace taskactor::detail
