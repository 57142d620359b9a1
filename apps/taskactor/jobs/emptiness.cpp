#include "jobs/emptiness.hpp"

#include "cli/quantity.hpp"
#include "jobs/queue_line.hpp"

#include <taskactor/error.hpp>
#include <taskactor/registry.hpp>

#include <algorithm>
#include <system_error>

namespace taskactor::cli {

namespace {

bool knows(const served_queue& queue, const job_info& job) {
  return job.kind == job_kind::command ? queue.commands
                                       : taskactor::registry::global().find(job.task) != nullptr;
}

std::string why_unknown(const served_queue& queue, const job_info& job) {
  if (job.kind == job_kind::command)
    return "commands of the queue \"" + queue.name + "\", which this worker may not run (--commands)";
  return "of the task \"" + job.task + "\", which this worker doesn't have (--load)";
}

bool is_paused(const store_survey& all, const std::string& queue) {
  return std::any_of(all.queues.begin(), all.queues.end(),
                     [&](const auto& one) { return one.name == queue && one.paused; });
}

/// None of its parents is still to end: it is about to be released. What it waits for else is looked at by
/// itself.
bool is_being_released(const store& at, job_id which) {
  const auto found = at.find(which).get();
  if (!found || found->info.state != job_state::blocked)
    return true; // it has gone on meanwhile
  return std::ranges::none_of(found->parents, [&](const job_parent_info& each) {
    const auto parent
        = each.over ? expected<job_details>{rejection{errc::unknown_job, {}}} : at.find(each.id).get();
    return parent && !is_final(parent->info.state);
  });
}

/// False: there is a job to wait for. All states are asked for by one call: a job that becomes ready between
/// two would be in neither.
bool look_at(const store& at, const served_queue& queue, std::chrono::nanoseconds horizon, jobs_left& left) {
  std::optional<store_survey> survey; // as soon as it matters; the time is the store's, as that of jobs is
  const auto now = [&]() -> const store_survey& {
    if (!survey)
      survey = value_of(at.survey());
    return *survey;
  };
  job_filter which;
  which.states = std::vector{job_state::running, job_state::ready, job_state::delayed, job_state::blocked};
  which.queue = queue.name;
  bool waits = false;
  constexpr std::size_t most_blocked = 1000; // are looked at: those of one parent are released together
  std::vector<job_id> blocked;
  for_each_page(at, which, [&](const std::vector<job_info>& page) {
    for (const auto& each : page) {
      if (!knows(queue, each)) {
        ++left[why_unknown(queue, each)];
      } else if (each.state == job_state::blocked) {
        ++left["blocked: of those that they are to run after, none will end here"];
        if (blocked.size() < most_blocked)
          blocked.push_back(each.id);
      } else if (each.state == job_state::delayed && each.due && *each.due - now().now >= horizon) {
        ++left["due later than " + limit_text(horizon) + " from now (--horizon)"];
      } else if (each.state == job_state::running || !is_paused(now(), queue.name)) {
        waits = true;
        return false;
      } else {
        ++left["of the queue \"" + queue.name + "\", which is paused"];
      }
    }
    return true;
  });
  return !waits && std::ranges::none_of(blocked, [&](job_id each) { return is_being_released(at, each); });
}

} // namespace

std::optional<jobs_left> look_whether_empty(const store& at, const std::vector<served_queue>& queues,
                                            std::chrono::nanoseconds horizon) {
  try {
    jobs_left left;
    for (const auto& each : queues)
      if (!look_at(at, each, horizon, left))
        return {};
    return left;
  } catch (const std::system_error&) { // it is asked again
    return {};
  }
}

} // namespace taskactor::cli
