#include "base/invalid.hpp"
#include "capacity/limiter_changes.hpp"
#include "lifecycle/batch_registry.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/record_disposer.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/gather_plan.hpp>

#include <utility>
#include <vector>

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

bool tries_again(const task_options& each) {
  const auto& retry = content_of(each.retry);
  return retry && retry->max_attempts > 1;
}

/// What is wrong with the tasks that items are to be.
std::optional<rejection> check_each(manager_core& home, task_options each, const item_abilities& items) {
  if (!content_of(each.id).empty())
    return invalid("id: an item's id is the gather's, a slash and its index");
  if (!content_of(each.after).empty())
    return invalid("after: items run after what the gather's body has awaited");
  if (each.admission.on_duplicate != on_duplicate::reject)
    return invalid("admission.on_duplicate: an item's id is its own");
  if (each.admission.on_full != on_full::reject || each.admission.timeout != no_timeout)
    return invalid("admission.on_full: items aren't kept out by max_queue");
  if (auto wrong = check_where(each, items))
    return wrong;
  each.where = {}; // validate() takes it for one that nobody would look at
  if (auto wrong = validate(each))
    return wrong;
  if (tries_again(each) && !items.copied)
    return invalid("retry: the items can't be copied");
  std::vector<limit_need> needs;
  return find_needs(home, each.limits, needs);
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
  const auto limits = [](const std::optional<time_span>& time) { return time && *time != no_timeout; };
  return !content_of(each.limits).empty() || tries_again(each) || limits(each.queue_timeout)
         || limits(each.total_timeout) || runs_elsewhere(each);
}

} // namespace

gather_plan::gather_plan(manager_core& home, gather_options options, item_abilities items)
    : home_(home), options_(std::move(options)) {
  check(home_, options_, items);
  from_.locals = ref<local_binding>{current_locals()}; // also of a blocking one, in a call on a thread
  runs_tasks_ = needs_tasks(options_.each);
  if (content_of(options_.id).empty())
    options_.id = home_.batches().next_id();
  if (options_.total_timeout)
    total_deadline_ = after(home_.now(), *options_.total_timeout);
  limit_ = options_.concurrency != 0 ? options_.concurrency : std::max<std::size_t>(1, home_.capacity);
}

void gather_plan::inherit(context& parent) {
  const auto id = parent.core().current_id();
  from_ = inheritance{parent, id};
  options_.id = id + '/' + content_of(options_.id);
}

void gather_plan::drop_locals() noexcept { drop(from_.locals, home_.disposer()); }

void gather_plan::open(bool nested, bool feeding, std::size_t known) {
  if (!nested && current_context())
    throw_rejection({errc::would_block,
                     "a blocking gather would hold a thread of the scheduler here: use co_await ta::gather"});
  if (nested && from_.depth == 0)
    from_.depth = 1;
  feeding_ = feeding;
  if (comes_too_late())
    throw_rejection({errc::stopping, "the task manager is stopping"});
  limit_ = std::min(limit_, known != 0 ? known : most_slots);
}

bool gather_plan::comes_too_late() const { return home_.table().refuses(from_.depth); }

void gather_plan::prepare_slot(record& slot) const {
  from_.give(slot);
  slot.priority = static_cast<std::uint8_t>(options_.each.priority);
  if (const auto& key = content_of(options_.each.fairness_key); !key.empty()) {
    slot.extras = std::make_unique<task_extras>();
    slot.extras->fairness_key = key;
  }
  slot.submitted = slot.waits_since = home_.now();
}

void gather_plan::prepare_task(record& task) const noexcept {
  task.of_gather = true;
  from_.give(task);
  task.inherited_deadline = inherited_deadline();
  task.mark_observed(); // its slot looks at the outcome
}

} // namespace taskactor::detail
