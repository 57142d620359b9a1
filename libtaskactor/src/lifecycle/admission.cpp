// The way in: a task's options, the choices of its admission, and the limiters that it names.
#include "capacity/limiter_actor.hpp"
#include "lifecycle/task_extras.hpp"
#include "runtime.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace taskactor::detail {

namespace {

bool has_extras(const task_options& options) noexcept {
  return !options.limits->empty() || !options.fairness_key->empty() || options.retry->has_value()
         || options.on_duplicate == on_duplicate::replace;
}

rejection invalid(const std::string& what) { return {errc::invalid_argument, what}; }

} // namespace

rejection not_on_a_thread() { return invalid("run_where::thread: a coroutine doesn't run on a thread"); }

rejection not_in_a_process() {
  return invalid("run_where::process: only a registered function, with parameters that are values or const "
                 "references, runs in another process");
}

/// What all that wait want together is still a number.
constexpr std::size_t most_tokens = std::size_t{1} << 40;

/// The needs of named limiters, in the order in which all tasks take them.
std::optional<rejection> find_needs(runtime& home, const std::vector<limit>& limits,
                                    std::vector<limit_need>& into) {
  for (const auto& each : limits) {
    auto* limiter = home.limits().find(each.name);
    if (!limiter)
      return invalid("limits: there is no limiter \"" + each.name + "\"; add_limiter first");
    if (const auto most = limiter->capacity.load(); most != 0 && each.tokens > most)
      return invalid("limits: \"" + each.name + "\": " + std::to_string(each.tokens) + " tokens, of "
                     + std::to_string(most) + " in all");
    if (each.tokens > most_tokens)
      return invalid("limits: \"" + each.name + "\": " + std::to_string(each.tokens)
                     + " tokens; a task takes at most " + std::to_string(most_tokens));
    into.push_back({limiter, each.tokens});
  }
  std::sort(into.begin(), into.end(),
            [](const auto& a, const auto& b) { return a.limiter->name < b.limiter->name; });
  for (std::size_t i = 1; i < into.size(); ++i)
    if (into[i - 1].limiter == into[i].limiter)
      return invalid("limits: \"" + into[i].limiter->name + "\" is named twice");
  return {};
}

std::optional<rejection> runtime::fill_in(record& task, task_options& options) {
  auto wrong = validate(options);
  task.home = this;
  task.id = options.id.take();
  task.timeout = options.timeout.value_or(settings_.default_timeout);
  task.queue_timeout = options.queue_timeout.value_or(no_timeout);
  task.total_timeout = options.total_timeout.value_or(no_timeout);
  task.submitted = task.waits_since = now();
  task.priority = static_cast<std::uint8_t>(std::clamp(options.priority, highest_priority, lowest_priority));
  if (wrong || !has_extras(options))
    return wrong;
  if (!task.extras)
    task.extras = std::make_unique<task_extras>();
  task.extras->fairness_key = options.fairness_key.take();
  task.extras->retry = options.retry.take();
  if (task.extras->retry && task.extras->retry->max_attempts > 1 && !task.keep_spare())
    return invalid("retry: the body or one of its arguments can't be copied");
  return find_needs(*this, *options.limits, task.extras->needs);
}

std::optional<rejection> runtime::admit(ref<record> task, task_options&& options, ref<record>& joined) {
  auto wrong = fill_in(*task, options);
  for (;;) {
    auto answer = table_->admit(task, options.on_full, options.on_duplicate, wrong);
    if (answer.cancelled)
      post(manager_, end_task{answer.cancelled, answer.cancelled->reason.load()});
    if (answer.tell)
      post(manager_, work_admitted{});
    joined = std::move(answer.joined);
    if (!answer.refused || answer.refused->code != errc::queue_full || options.on_full != on_full::wait)
      return std::move(answer.refused);
    if (auto late = wait_for_room(options, *task)) {
      wrong = std::move(late); // and it is counted as one that was refused, once
      options.on_full = on_full::reject;
    }
  }
}

/// Blocks until a task has ended. What it says is why it didn't: the time is up, or the manager is stopping.
std::optional<rejection> runtime::wait_for_room(const task_options& options, const record& task) {
  const auto until = after(now(), options.admission_timeout);
  waiting_for_room_.fetch_add(1);
  struct leave {
    std::atomic<std::size_t>& count;
    ~leave() { count.fetch_sub(1); }
  } at_end{waiting_for_room_};
  const auto is_cancelled = [&task] { return task.state.load() == state::cancelling; }; // with its group
  const auto may_go_on = [&] { return table_->has_room() || table_->refuses(task.depth) || is_cancelled(); };
  bool came = false; // it may be taken again while this thread waits for its tokens: `admit` looks again
  std::unique_lock lock{mutex_};
  block(
      lock, room_, [&] { return came = came || may_go_on(); }, until);
  if (is_cancelled())
    return rejection{errc::stopping, "cancelled before there was room"};
  if (came)
    return {};
  return rejection{errc::queue_full, "queue overflow: " + std::to_string(settings_.max_queue) + ", for "
                                         + to_text(options.admission_timeout)};
}

void runtime::tell_room() {
  if (waiting_for_room_.load() == 0)
    return;
  const std::lock_guard lock{mutex_}; // who waits has looked, or will
  room_.notify_all();
}

void runtime::add_limiter(std::string name, const limiter_options& options) {
  if (const auto wrong = validate(name, options))
    throw_rejection(*wrong);
  if (limits_.find(name))
    throw_rejection(invalid("limiter \"" + name + "\": there is one of that name"));
  const auto most = options.capacity.value_or(std::numeric_limits<std::size_t>::max());
  const passing_through caller;
  auto actor = keep(system_->spawn<limiter_actor, caf::hidden>(most, options.rate));
  auto made = std::make_unique<named_limiter>(name, std::move(actor), options, settings_.priority_aging);
  made->capacity = most;
  if (!limits_.add(std::move(made)))
    throw_rejection(invalid("limiter \"" + name + "\": there is one of that name"));
}

named_limiter& runtime::limiter_of(std::string_view name) {
  auto* found = limits_.find(name);
  if (!found)
    throw_rejection(invalid("limiter \"" + std::string{name} + "\": there is none; add_limiter first"));
  return *found;
}

void runtime::change(named_limiter& which, const limiter_options& to) {
  if (const auto wrong = validate(which.name, to))
    throw_rejection(*wrong);
  if (to.rate && !which.has_rate)
    throw_rejection(invalid("limiter \"" + which.name + "\": it was added without a rate"));
  const auto one_at_a_time = limits_.lock_changes();
  if (to.capacity) {
    which.capacity = *to.capacity;
    post(which.actor, resize_limiter{*to.capacity});
    post(manager_, limiter_resized{&which});
  }
  if (to.rate)
    post(which.actor, set_rate{to.rate});
}

std::optional<rejection> admit(runtime& where, ref<record> what, task_options&& options,
                               ref<record>& joined) {
  return where.admit(std::move(what), std::move(options), joined);
}

} // namespace taskactor::detail
