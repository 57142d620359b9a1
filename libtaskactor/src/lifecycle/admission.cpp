#include "lifecycle/admission.hpp"
#include "base/invalid.hpp"

#include "capacity/limiter_changes.hpp"
#include "lifecycle/admission_waiters.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/predecessors.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/local_binding.hpp>
#include <taskactor/predecessor.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

bool has_extras(const task_options& options) noexcept {
  return !content_of(options.limits).empty() || !content_of(options.fairness_key).empty()
         || content_of(options.retry).has_value() || options.admission.on_duplicate == on_duplicate::replace
         || !content_of(options.after).empty();
}

ref<record> find_named(manager_core& home, const predecessor& named) {
  if (const auto* const known = static_cast<const record*>(named.task()))
    return ref<record>{const_cast<record*>(known)}; // NOLINT: a handle's, to be waited for
  return named.id().empty() ? ref<record>{} : home.table().find_record(named.id(), home.now());
}

/// So many tasks are looked at, for one that is added: its predecessors, and those that they wait for.
constexpr std::size_t most_looked_at = 1000;

bool is_below(std::string_view id, std::string_view other) {
  return id.size() > other.size() && id.starts_with(other) && id[other.size()] == '/';
}

/// A parent waits for its children, whose ids begin with its own.
bool is_part_of(const record& task, const std::string& other) {
  return task.parent_length >= other.size() && is_below(task.id, other);
}

/// Looks, for all predecessors of one task, for those that wait for it. Whom a task runs after doesn't change
/// once it is admitted, so nothing can be overlooked between this and the admission.
class circle_search {
public:
  explicit circle_search(const record& task) : task_(task) {}

  /// A task that `first` is to run after, or one before it is, and that waits for the task, which is a part
  /// of it; or null.
  ref<record> find(const ref<record>& first) {
    note(first);
    while (!to_look_at_.empty()) {
      auto each = std::move(to_look_at_.back());
      to_look_at_.pop_back();
      if (is_part_of(task_, each->id))
        return each;
      if (!each->extras || is_sibling(*each))
        continue;
      std::vector<ref<record>> before;
      {
        const std::lock_guard lock{each->extras->mutex};
        if (each->extras->waits_for)
          each->extras->waits_for->add_awaited(before);
      }
      for (const auto& one : before)
        note(one);
    }
    return {};
  }

private:
  void note(const ref<record>& one) {
    if (seen_.size() < most_looked_at && seen_.insert(one.get()).second)
      to_look_at_.push_back(one);
  }
  /// Or a child of one: was looked at when it was added. Its id alone doesn't say so, which may have slashes
  /// of its own.
  bool is_sibling(const record& other) const {
    const auto parent = std::string_view{task_.id}.substr(0, task_.parent_length);
    return other.parent_length >= parent.size() && is_below(other.id, parent);
  }

  const record& task_;
  std::vector<ref<record>> to_look_at_;
  std::unordered_set<const record*> seen_;
};

std::optional<rejection> check(manager_core& home, const record& task, const predecessor& named,
                               const ref<record>& found, circle_search& circles) {
  if (!found && named.id().empty())
    return invalid("after: an empty handle, or an empty id");
  if (!found)
    return rejection{errc::unknown_id,
                     "after: no task \"" + named.id() + "\" waits, runs, or has ended lately"};
  if (found->home != &home)
    return invalid("after: \"" + named.id() + "\" is a task of another manager");
  if (found->kind != record_kind::task)
    return invalid("after: \"" + named.id() + "\" is an item of a gather: await that");
  if (is_part_of(task, found->id))
    return invalid("after: \"" + named.id() + "\" waits for this task, which is a part of it");
  if (task.parent_length == 0)
    return {};
  if (const auto waits = circles.find(found))
    return invalid("after: \"" + named.id() + "\" is to run after \"" + waits->id
                   + "\", which waits for this task, a part of it: both would wait for ever");
  return {};
}

/// Each once, however often it is named. Errors: why one can't be waited for.
std::optional<rejection> find_predecessors(manager_core& home, record& task,
                                           const std::vector<predecessor>& named) {
  const auto found = std::make_shared<predecessors>(named.size());
  std::unordered_set<const record*> seen;
  circle_search circles{task};
  for (const auto& each : named) {
    auto before = find_named(home, each);
    if (auto wrong = check(home, task, each, before, circles))
      return wrong;
    if (seen.insert(before.get()).second)
      found->add(std::move(before));
  }
  task.extras->waits_for = found;
  return {};
}

} // namespace

rejection not_on_a_thread() { return invalid("run_where::thread: a coroutine doesn't run on a thread"); }

rejection not_in_a_process() {
  return invalid("run_where::process: only a registered function, with parameters that are values or const "
                 "references, runs in another process");
}

std::optional<rejection> admission::fill_in(record& task, task_options& options) {
  auto wrong = validate(options);
  task.home = &home_;
  task.id = take_content(options.id);
  task.timeout = options.timeout.value_or(home_.with().default_timeout);
  task.queue_timeout = options.queue_timeout.value_or(no_timeout);
  task.total_timeout = options.total_timeout.value_or(no_timeout);
  task.submitted = task.waits_since = home_.now();
  if (auto* const locals = current_locals())
    inherit(task, ref<local_binding>{locals});
  task.priority = static_cast<std::uint8_t>(std::clamp(options.priority, highest_priority, lowest_priority));
  if (wrong || !has_extras(options))
    return wrong;
  if (!task.extras)
    task.extras = std::make_unique<task_extras>();
  task.extras->fairness_key = take_content(options.fairness_key);
  task.extras->retry = take_content(options.retry);
  if (task.extras->retry && task.extras->retry->max_attempts > 1 && !task.keep_spare())
    return invalid("retry: the body or one of its arguments can't be copied");
  if (!content_of(options.after).empty())
    if (auto unfit = find_predecessors(home_, task, take_content(options.after)))
      return unfit;
  return find_needs(home_, options.limits, task.extras->needs);
}

std::optional<rejection> admission::admit(ref<record> task, task_options&& options, ref<record>& joined) {
  auto wrong = fill_in(*task, options);
  for (;;) {
    auto answer = home_.table().admit(task, options.admission.on_full, options.admission.on_duplicate, wrong);
    if (answer.cancelled)
      post(home_.manager(), end_task{answer.cancelled, answer.cancelled->reason.load()});
    if (answer.tell)
      post(home_.manager(), work_admitted{});
    joined = std::move(answer.joined);
    if (!answer.refused || answer.refused->code != errc::queue_full
        || options.admission.on_full != on_full::wait)
      return std::move(answer.refused);
    if (auto late = wait_for_room(options, *task)) {
      wrong = std::move(late); // and it is counted as one that was refused, once
      options.admission.on_full = on_full::reject;
    }
  }
}

/// Blocks until a task has ended. What it says is why it didn't: the time is up, or the manager is stopping.
std::optional<rejection> admission::wait_for_room(const task_options& options, const record& task) {
  const auto until = after(home_.now(), options.admission.timeout);
  const auto is_cancelled = [&task] { return task.state.load() == state::cancelling; }; // with its group
  const auto may_go_on
      = [&] { return home_.table().has_room() || home_.table().refuses(task.depth) || is_cancelled(); };
  bool came = false; // it may be taken again while this thread waits for its tokens: `admit` looks again
  home_.waiters().enter([&](auto& lock, auto& changed) {
    home_.waits().block(
        lock, changed, [&] { return came = came || may_go_on(); }, until);
  });
  if (is_cancelled())
    return rejection{errc::stopping, "cancelled before there was room"};
  if (came)
    return {};
  return rejection{errc::queue_full, "queue overflow: " + std::to_string(home_.with().max_queue) + ", for "
                                         + to_text(options.admission.timeout)};
}

std::optional<rejection> admit(manager_core& where, ref<record> what, task_options&& options,
                               ref<record>& joined) {
  return where.admissions().admit(std::move(what), std::move(options), joined);
}

} // namespace taskactor::detail
