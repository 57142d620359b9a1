#include "queue/job_task.hpp"

#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "queue/command_job.hpp"
#include "queue/runner_inbox.hpp"
#include "queue/store_text.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/json_text.hpp>
#include <taskactor/retry.hpp>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace taskactor::detail {

namespace {

/// What the arguments of a job say. Errors: `errc::bad_arguments`.
json arguments_of(const claimed_job& job) {
  auto given = json::parse(job.row.arguments, nullptr, false);
  if (given.is_discarded())
    throw error{errc::bad_arguments,
                "the arguments that the store has of \"" + job.row.task + "\" aren't JSON"};
  if (!given.is_array())
    throw error{errc::bad_arguments, "arguments: expected an array"};
  return given;
}

store_duration to_store(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<store_duration>(time);
}

} // namespace

// -- what a body says -------------------------------------------------------

bool job_notes::tell() noexcept { return !std::exchange(told_, true); }

bool job_notes::progress(std::uint64_t done, std::uint64_t total, std::string text) {
  const std::lock_guard lock{mutex_};
  open_.done = done;
  open_.total = total;
  open_.text = store_text(std::move(text));
  open_.has_progress = true;
  return tell();
}

bool job_notes::output(std::string_view bytes) {
  const std::lock_guard lock{mutex_};
  output_.append(bytes);
  return tell();
}

bool job_notes::take(claim_note& into) {
  const std::lock_guard lock{mutex_};
  if (!std::exchange(told_, false))
    return false;
  into.done = open_.done;
  into.total = open_.total;
  into.text = std::move(open_.text);
  into.has_progress = open_.has_progress;
  into.output = std::move(output_.head);
  into.output_lost = output_.lost;
  into.output_tail = std::move(output_.tail);
  open_ = {};
  output_ = {};
  return true;
}

// -- the runner's -----------------------------------------------------------

job_task::job_task(std::shared_ptr<runner_inbox> owner, runner_key claimed_by, claimed_job job)
    : end_listener([](end_listener& self) noexcept { static_cast<job_task&>(self).on_end(); }),
      owner_(std::move(owner)),
      claimed_by_(std::move(claimed_by)),
      job_(std::move(job)) {
  end_.what.id = job_.id;
  end_.what.token = job_.token;
}

std::optional<rejection> job_task::admit(manager_core& home, std::optional<run_where> where,
                                         std::string task_id) {
  task_options options{.id = std::move(task_id),
                       .timeout = no_timeout,
                       .queue_timeout = no_timeout,
                       .total_timeout = no_timeout,
                       .priority = job_.row.priority,
                       .fairness_key = job_.row.fairness_key,
                       .where = where};
  if (job_.row.timeout)
    options.timeout = *job_.row.timeout;
  if (job_.row.kind == job_kind::task) {
    const auto found = registry::global().look_up(job_.row.task);
    if (!found)
      return found.error();
    function_.which = *found;
    auto plan = plan_named(std::move(options), *function_.which);
    function_.where = plan.where;
    options = std::move(plan.options);
    options.priority = job_.row.priority;
    options.retry = std::nullopt; // the store tries again
  } else {
    options.where = std::nullopt;
  }
  const ref<job_task> self{this};
  handle_.emplace(self);
  add(*this);
  ref<record> joined;
  auto refused = detail::admit(home, self, std::move(options), joined);
  if (refused) {
    remove(*this);
    handle_.reset();
  }
  return refused;
}

std::shared_ptr<store_core> store_of(const job_task& job) { return job.owner_->store().for_calls(); }

void job_task::stop(job_stop why) noexcept {
  auto expected = job_stop::none;
  if (!is_.stopped.compare_exchange_strong(expected, why))
    return;
  if (handle_)
    cancel(*this);
}

job_end end_unbegun(const claimed_job& job, claim_end how, std::string error) {
  job_end end{.id = job.id, .token = job.token, .how = how, .begun = false};
  end.word = how == claim_end::failed ? "failed" : "";
  end.error = cut_error(std::move(error));
  return end;
}

bool job_task::take_note(claim_note& into) {
  into.id = job_.id;
  into.token = job_.token;
  const bool said = notes_.take(into);
  into.begun = has_begun();
  return (into.begun && !std::exchange(marked_, marked_ || into.begun)) || said;
}

std::optional<claim_note> job_task::mark() {
  if (!job_.mark_first || std::exchange(marked_, true))
    return {};
  return claim_note{.id = job_.id, .token = job_.token, .begun = true};
}

// -- the body ---------------------------------------------------------------

bool job_task::start(context& where) {
  if (!owner_->may_begin() || is_.stopped.load() != job_stop::none) {
    is_.handed_back.store(true);
    conclude([]() -> std::string { throw cancelled_error{}; });
    return false;
  }
  is_.begun.store(true, std::memory_order_release);
  if (!job_.mark_first)
    owner_->tell(ref<job_task>{this}, job_news::noted);
  try {
    std::function<task<json>()> body;
    try {
      body = bind();
    } catch (...) { // what can't be called can't be called the next time either
      is_.for_good.store(true);
      throw;
    }
    root_ = serve(this, std::move(body));
    root_.enter_root(where);
    return true;
  } catch (...) {
    conclude_exception();
    return false;
  }
}

std::function<task<json>()> job_task::bind() {
  if (job_.row.kind == job_kind::task)
    return bind_named(*function_.which, arguments_of(job_), function_.where);
  return bind_command(job_.row.arguments, [self = ref<job_task>{this}](std::string_view bytes) {
    if (self->notes_.output(bytes))
      self->owner_->tell(self, job_news::noted);
  });
}

/// Runs it, and makes text of what it gives, on its own thread.
task<std::string> job_task::serve(job_task* self, std::function<task<json>()> body) {
  const json value = co_await body();
  std::string text;
  try {
    text = json_text(value);
    if (const auto refused = too_large(self->owner_->store(), "the result", text.size()))
      throw_rejection(*refused);
  } catch (...) {
    self->is_.for_good.store(true);
    throw;
  }
  co_return text;
}

void job_task::collect() noexcept {
  conclude([this]() -> std::string {
    try {
      return root_.take();
    } catch (const retry_requested& asked) {
      end_.snooze = std::max(asked.wait(), std::chrono::nanoseconds{0});
      throw;
    }
  });
}

std::exception_ptr job_task::discard_body() noexcept { return destroy_chain(root_.release()); }

void job_task::report_progress(std::uint64_t done, std::uint64_t total, std::string text) {
  if (notes_.progress(done, total, text))
    owner_->tell(ref<job_task>{this}, job_news::noted);
  record::report_progress(done, total, std::move(text));
}

// -- the end ----------------------------------------------------------------

void job_task::on_down() noexcept { owner_->tell(ref<job_task>{this}, job_news::down); }

void job_task::on_end() noexcept {
  mark_observed();
  try {
    say_how_it_ended();
  } catch (...) { // no memory: what was said is enough to give it back
    end_.what.how = claim_end::released;
  }
  owner_->tell(ref<job_task>{this}, job_news::ended);
}

/// On the manager's thread, under the record's lock: nothing of the user's is asked.
void job_task::say_how_it_ended() {
  end_.what.begun = has_begun();
  auto& ended = result();
  if (ended) {
    end_.what.how = claim_end::succeeded;
    end_.what.result = std::move(*ended);
    return;
  }
  const auto& what = ended.error();
  const auto why = is_.stopped.load();
  auto text = error_text_for_listener(); // kept when it was thrown
  if (constexpr std::string_view state = "failed: "; text.starts_with(state))
    text.erase(0, state.size());
  text = cut_error(std::move(text));
  if (is_.handed_back.load() || why == job_stop::released) {
    end_.what.how = claim_end::released;
  } else if (why == job_stop::cancelled) {
    end_.what.how = claim_end::cancelled;
    end_.what.error = std::move(text);
  } else if (what.state() == taskactor::state::cancelled) {
    end_.what.how
        = what.reason() == end_reason::cancel_requested ? claim_end::cancelled : claim_end::released;
    end_.what.error = std::move(text);
  } else {
    say_failed(what, std::move(text));
  }
}

void job_task::say_failed(const failure& what, std::string text) {
  const bool late = what.state() == taskactor::state::timed_out;
  const auto failures = job_.attempts + 1;
  const auto& retry = job_.row.retry;
  end_.what.error = std::move(text);
  end_.what.word = late ? "timed out" : "failed";
  end_.what.how = claim_end::failed;
  if (is_.for_good.load())
    return;
  if (!late && end_.snooze) {
    end_.what.how = claim_end::snooze;
    end_.what.word = "snoozed";
    end_.what.delay = to_store(*end_.snooze);
  } else if (failures < retry.max_attempts) {
    end_.what.how = claim_end::retry;
    end_.what.delay = to_store(
        plus(retry.backoff.wait_after(failures), random_below(home->decides(), retry.backoff.jitter)));
  }
}

} // namespace taskactor::detail
