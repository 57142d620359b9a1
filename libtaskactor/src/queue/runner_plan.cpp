#include "queue/runner_plan.hpp"

#include "base/invalid.hpp"
#include "queue/store_text.hpp"
#include "queue/this_machine.hpp"

#include <taskactor/detail/duration_text.hpp>

#include <set>
#include <string>
#include <utility>

namespace taskactor::detail {

namespace {

void check_queues(const std::vector<runner_queue>& queues) {
  if (queues.empty())
    throw_rejection(invalid("queues: a runner serves one at least"));
  std::set<std::string> seen;
  for (const auto& each : queues) {
    if (const auto wrong = check_name("queues", each.name))
      throw_rejection(*wrong);
    if (!seen.insert(each.name).second)
      throw_rejection(invalid("queues: \"" + each.name + "\" is named twice"));
    if (each.how.slots == 0)
      throw_rejection(invalid("queues: \"" + each.name + "\" has no slots, with which nothing of it runs"));
  }
}

void check_positive(const char* name, std::chrono::nanoseconds given) {
  if (given.count() <= 0)
    throw_rejection(invalid(std::string{name} + ": " + to_text(given) + "; it is longer than zero"));
}

} // namespace

runner_plan checked(job_runner_options options, std::chrono::nanoseconds grace) {
  constexpr std::chrono::seconds margin{1};
  runner_plan plan{.queues = take_content(options.queues),
                   .name = take_content(options.name),
                   .lease = options.lease,
                   .beat = options.beat,
                   .fence = options.fence,
                   .poll = options.poll,
                   .prefetch = options.prefetch};
  check_queues(plan.queues);
  if (const auto wrong = check_text("name", plan.name, longest_name))
    throw_rejection(*wrong);
  check_positive("lease", plan.lease);
  check_positive("beat", plan.beat);
  check_positive("fence", plan.fence);
  check_positive("poll", plan.poll);
  if (plan.beat >= plan.fence)
    throw_rejection(invalid("beat: " + to_text(plan.beat) + ", and the fence is " + to_text(plan.fence)
                            + ": it would be fenced between two beats"));
  if (plus(plus(plan.fence, grace), margin) > plan.lease)
    throw_rejection(invalid("fence: " + to_text(plan.fence) + ", and the manager's cancel_grace of "
                            + to_text(grace) + " and 1 s, are more than the lease of " + to_text(plan.lease)
                            + ": a body could still run when another runner gets its job"));
  if (plan.name.empty()) {
    const auto& here = this_machine::get();
    plan.name = here.host + ':' + std::to_string(here.pid);
  }
  return plan;
}

} // namespace taskactor::detail
