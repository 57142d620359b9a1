#include "queue/memory_control.hpp"

#include "queue/job_moves.hpp"
#include "queue/memory_edges.hpp"

#include <taskactor/queue/job_state.hpp>

#include <map>

namespace taskactor::detail {

namespace {

control_reply cancel_in_memory(memory_tables& tables, memory_job& job, store_time now) {
  const auto reply = reply_to_cancel(job.state);
  if (reply == control_reply::requested)
    job.cancel_requested = true;
  if (reply == control_reply::done) {
    ++tables.counters.cancelled;
    tables.take_out(job);
    tables.end(job, job_state::cancelled, now);
  }
  return reply;
}

control_reply remove_in_memory(memory_tables& tables, memory_job& job, store_time now) {
  if (job.state == job_state::running)
    return control_reply::running;
  tables.take_out(job);
  tables.drop_unique(job);
  if (!is_final(job.state))
    release_in_memory(tables, job.id, job_state::cancelled, now);
  tables.forget(job);
  return control_reply::done;
}

control_reply retry_in_memory(memory_tables& tables, memory_job& job, store_time now) {
  if (!is_final(job.state))
    return control_reply::ended;
  if (!job.unique_key.empty()) {
    const auto holder = tables.unique_holder({job.unique_scope, job.unique_key}, now);
    if (holder && *holder != job.id)
      return control_reply::duplicate;
    if (job.until != unique_until::period)
      tables.take_unique(job, {});
  }
  tables.take_out(job);
  reset_end(job);
  retry_edges_in_memory(tables, job, now);
  return control_reply::done;
}

} // namespace

control_reply control_memory(memory_tables& tables, const control_action& action, store_time now) {
  switch (action.verb) {
  case control_verb::pause:
    tables.queues[action.name].paused = true;
    return control_reply::done;
  case control_verb::resume:
    tables.queues[action.name].paused = false;
    return control_reply::done;
  case control_verb::set_limit:
    tables.limits[action.name] = {.capacity = action.capacity, .rate = action.rate};
    return control_reply::done;
  case control_verb::drop_limit:
    std::erase_if(tables.rates, [&](const auto& each) { return each.first.first == action.name; });
    return tables.limits.erase(action.name) == 0 ? control_reply::unknown : control_reply::done;
  case control_verb::cancel:
  case control_verb::remove:
  case control_verb::retry:
    break;
  }
  const auto at = tables.jobs.find(action.id);
  if (at == tables.jobs.end())
    return control_reply::unknown;
  auto& job = at->second;
  if (action.verb == control_verb::cancel)
    return cancel_in_memory(tables, job, now);
  return action.verb == control_verb::remove ? remove_in_memory(tables, job, now)
                                             : retry_in_memory(tables, job, now);
}

} // namespace taskactor::detail
