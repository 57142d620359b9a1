#include "queue/memory_reports.hpp"

#include "queue/memory_edges.hpp"

#include <taskactor/queue/job_state.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

job_info info_of(const memory_job& job) {
  job_info info{.id = job.id,
                .state = job.state,
                .kind = job.row.kind,
                .queue = job.row.queue,
                .task = job.row.task,
                .priority = job.row.priority,
                .fairness_key = job.row.fairness_key,
                .tags = job.row.tags,
                .pushed = job.pushed,
                .expires = job.expires,
                .attempts = job.counts.attempts,
                .losses = job.counts.losses,
                .snoozes = job.counts.snoozes,
                .cancel_requested = job.cancel_requested};
  if (job.state == job_state::delayed || job.state == job_state::blocked)
    info.due = job.due;
  if (const auto* extras = job.find_extras()) {
    info.began = extras->began;
    info.ended = extras->ended;
    info.kept_until = extras->kept_until;
    info.runner = extras->runner;
    info.error = extras->error;
    info.progress_done = extras->progress_done;
    info.progress_total = extras->progress_total;
    info.progress_text = extras->progress_text;
  }
  return info;
}

template <class T>
bool is_wanted(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

bool fits(const memory_job& job, const job_query& filter) {
  return is_wanted(filter.ids, job.id) && is_wanted(filter.states, job.state)
         && (filter.queue.empty() || filter.queue == job.row.queue)
         && (filter.task.empty() || filter.task == job.row.task)
         && (filter.tag.empty() || std::ranges::find(job.row.tags, filter.tag) != job.row.tags.end());
}

} // namespace

std::vector<job_info> memory_list(const memory_tables& tables, const job_query& filter) {
  std::vector<job_info> found;
  auto at = filter.before > 0 ? tables.jobs.lower_bound(filter.before) : tables.jobs.end();
  while (at != tables.jobs.begin() && found.size() < filter.most)
    if (--at; fits(at->second, filter))
      found.push_back(info_of(at->second));
  return found;
}

std::vector<job_details> memory_find(const memory_tables& tables, std::span<const job_id> ids) {
  std::vector<job_details> found;
  for (const auto id : ids) {
    const auto at = tables.jobs.find(id);
    if (at == tables.jobs.end())
      continue;
    const auto& job = at->second;
    auto& details = found.emplace_back();
    details.info = info_of(job);
    details.arguments = job.row.arguments;
    details.limits = job.row.limits;
    details.parents = memory_parents(tables, id);
    if (job.row.timeout)
      details.timeout = *job.row.timeout;
    details.retry = job.row.retry;
    details.trace = job.row.trace;
    details.version = job.row.version;
    if (const auto* extras = job.find_extras()) {
      details.result = extras->result;
      details.attempts.assign(extras->attempts.begin(), extras->attempts.end());
      details.output = extras->output.head + extras->output.tail;
      details.output_lost = extras->output.lost;
    }
  }
  return found;
}

store_survey memory_survey(const memory_tables& tables, store_time now) {
  store_survey all{.now = now, .counters = tables.counters};
  std::map<std::string, known_tasks> served; // by queue
  std::set<std::string> names;
  for (const auto& [key, runner] : tables.runners) {
    if (runner.dead)
      continue;
    auto& info = all.runners.emplace_back(runner_info{.name = key.name,
                                                      .incarnation = key.incarnation,
                                                      .host = runner.host,
                                                      .pid = runner.pid,
                                                      .seen = runner.seen,
                                                      .running = runner.running.size()});
    for (const auto& share : runner.shares) {
      info.queues.push_back(share.queue);
      names.insert(share.queue);
      if (runner.tasks)
        served[share.queue].insert(runner.tasks->begin(), runner.tasks->end());
      if (share.commands)
        served[share.queue].emplace(); // no task has this name
    }
  }
  for (const auto& [name, queue] : tables.queues)
    if (queue.paused || queue.ready + queue.delayed + queue.running + queue.blocked != 0)
      names.insert(name);
  for (const auto& name : names) {
    auto& info = all.queues.emplace_back(queue_info{.name = name});
    const auto at = tables.queues.find(name);
    if (at == tables.queues.end())
      continue;
    const auto& queue = at->second;
    info.paused = queue.paused;
    info.ready = queue.ready;
    info.delayed = queue.delayed;
    info.running = queue.running;
    info.blocked = queue.blocked;
    const memory_job* oldest = nullptr;
    std::set<std::string> unserved;
    const auto& tasks = served[name];
    for (const auto& [id, lane] : queue.lanes) {
      const auto* job = lane.at(lane_end::oldest);
      if (job && (!oldest || job->seq < oldest->seq))
        oldest = job;
      if (job && !is_known(lane.lane, tasks, tasks.contains({})))
        unserved.insert(lane.lane.task);
    }
    if (oldest)
      info.oldest_ready = oldest->since;
    info.unserved.assign(unserved.begin(), unserved.end());
  }
  for (const auto& [name, limit] : tables.limits) {
    auto& info
        = all.limits.emplace_back(limit_info{.name = name, .capacity = limit.capacity, .rate = limit.rate});
    for (const auto& [key, tokens] : tables.held)
      if (key.first == name)
        info.taken += tokens;
  }
  return all;
}

// -- invariants -------------------------------------------------------------

std::vector<std::string> memory_faults(const memory_tables& tables) {
  std::vector<std::string> faults;
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds)
      faults.push_back(what);
  };
  struct queue_counts {
    std::size_t ready = 0, delayed = 0, running = 0, blocked = 0;
    std::map<std::string, std::size_t> runs;
    bool operator==(const queue_counts&) const = default;
  };
  std::map<std::string, queue_counts> counted;
  std::map<memory_tables::name_key, std::size_t> held;
  std::size_t ended = 0, delayed = 0, expiring = 0;
  for (const auto& [id, job] : tables.jobs) {
    const auto name = "job " + std::to_string(id);
    auto& of = counted[job.row.queue];
    const bool waits
        = job.state == job_state::ready || job.state == job_state::delayed || job.state == job_state::blocked;
    if (waits && job.expires) {
      ++expiring;
      expect(tables.expiry.contains({*job.expires, id}), name + " would never expire");
    }
    if (is_final(job.state)) {
      ++ended;
      const auto* extras = job.find_extras();
      expect(extras && extras->ended && extras->kept_until
                 && tables.history.contains({*extras->kept_until, id}),
             name + " has ended and isn't in the history");
    } else if (job.state == job_state::delayed) {
      ++delayed;
      ++of.delayed;
      expect(tables.delayed.contains({job.due, id}), name + " would never be due");
    } else if (job.state == job_state::ready) {
      ++of.ready;
    } else if (job.state == job_state::blocked) {
      ++of.blocked;
    } else {
      ++of.running;
      ++of.runs[job.row.fairness_key];
      expect(job.runner && job.runner->running.contains(id) && !job.runner->dead,
             name + " runs at nobody who lives");
      expect(job.token > job.ended_token && job.token <= tables.last.token, name + " has an old token");
      for (const auto& limit : job.row.limits)
        held[{limit.name, limit.key}] += limit.tokens;
    }
    if (!job.unique_key.empty() && job.until == unique_until::ended && !is_final(job.state)) {
      const auto at = tables.uniques.find({job.unique_scope, job.unique_key});
      expect(at != tables.uniques.end() && at->second.job == id, name + " has lost its unique key");
    }
  }
  expect(ended == tables.history.size(), "the history has jobs that haven't ended");
  expect(delayed == tables.delayed.size(), "delayed rows that no job has");
  expect(expiring == tables.expiry.size(), "expiries that no job has");
  expect(held == tables.held, "tokens of limits that aren't those of the running jobs");
  for (const auto& [name, queue] : tables.queues) {
    const queue_counts kept{queue.ready, queue.delayed, queue.running, queue.blocked, queue.runs};
    expect(kept == counted[name], "queue " + name + " doesn't have what it counts");
    std::size_t ready = 0;
    for (const auto& [id, lane] : queue.lanes) {
      expect(!lane.ready.empty(), "queue " + name + " has an empty lane");
      ready += lane.ready.size();
      for (const auto& [place, job] : lane.ready)
        expect(job->state == job_state::ready && job->seq == place.seq && job->row.priority == place.priority,
               "a job stands in a lane, and not as it says");
    }
    expect(ready == queue.ready, "queue " + name + " has other ready rows than jobs");
  }
  for (const auto& [key, holder] : tables.uniques)
    if (!holder.until) {
      const auto at = tables.jobs.find(holder.job);
      expect(at != tables.jobs.end() && !is_final(at->second.state),
             "the unique key " + key.second + " is held by nobody");
    }
  expect(tables.requests.size() == tables.request_times.size(), "requests that are never forgotten");
  add_edge_faults(tables, faults);
  return faults;
}

} // namespace taskactor::detail
