#include "queue/memory_tables.hpp"

#include "queue/memory_edges.hpp"

#include <taskactor/limits.hpp>

#include <algorithm>

namespace taskactor::detail {

namespace {

template <class Alike> // job_row or job_lane
memory_lane_key lane_key_of(const Alike& of, std::size_t losses) {
  memory_lane_key key{of.kind, of.task, of.version, of.fairness_key, losses, {}};
  auto& limits = std::get<5>(key);
  limits.reserve(of.limits.size());
  for (const auto& limit : of.limits)
    limits.emplace_back(limit.name, limit.key, limit.tokens);
  return key;
}
memory_lane_key lane_key_of(const memory_job& job) {
  return lane_key_of(job.row, std::min(job.counts.losses, losses_to_run_alone));
}
memory_lane_key lane_key_of(const job_lane& lane) { return lane_key_of(lane, lane.losses); }

template <class Key>
void count_down(std::map<Key, std::size_t>& counts, const Key& key, std::size_t by) {
  const auto at = counts.find(key);
  if (at != counts.end() && (at->second -= by) == 0)
    counts.erase(at);
}

} // namespace

memory_job* memory_lane::at(lane_end which) const {
  if (ready.empty())
    return nullptr;
  if (which == lane_end::head)
    return ready.begin()->second;
  memory_job* oldest = nullptr;
  for (auto at = ready.begin(); at != ready.end();
       at = ready.lower_bound({.priority = at->first.priority + 1, .seq = 0}))
    if (!oldest || at->second->seq < oldest->seq)
      oldest = at->second;
  return oldest;
}

// -- places -----------------------------------------------------------------

void memory_tables::make_ready(memory_job& job, store_time now, bool with_new_seq) {
  if (with_new_seq) {
    job.seq = ++last.seq;
    job.since = now;
  }
  job.state = job_state::ready;
  auto& queue = queues[job.row.queue];
  const auto key = lane_key_of(job);
  const auto [at, is_new] = queue.lane_ids.try_emplace(key, last.lane + 1);
  if (is_new) {
    ++last.lane;
    queue.lanes[last.lane].lane = {.id = last.lane,
                                   .kind = job.row.kind,
                                   .task = job.row.task,
                                   .version = job.row.version,
                                   .limits = job.row.limits,
                                   .fairness_key = job.row.fairness_key,
                                   .losses = std::get<4>(key)};
  }
  queue.lanes[at->second].ready.emplace(lane_place{.priority = job.row.priority, .seq = job.seq}, &job);
  ++queue.ready;
  if (job.expires)
    expiry.emplace(*job.expires, job.id);
}

void memory_tables::delay(memory_job& job, store_time until) {
  job.state = job_state::delayed;
  job.due = until;
  delayed.emplace(until, job.id);
  ++queues[job.row.queue].delayed;
  if (job.expires)
    expiry.emplace(*job.expires, job.id);
}

void memory_tables::block(memory_job& job, store_time due) {
  job.state = job_state::blocked;
  job.due = due;
  ++queues[job.row.queue].blocked;
  if (job.expires)
    expiry.emplace(*job.expires, job.id);
}

void memory_tables::run(memory_job& job, memory_runner& runner, store_time now) {
  job.state = job_state::running;
  job.token = ++last.token;
  job.runner = &runner;
  job.ended_token = 0;
  ++job.claims;
  job.begun = job.cancel_requested = false;
  auto& extras = job.extras();
  extras.runner = runner.key.name;
  extras.began = now;
  extras.progress_done = extras.progress_total = 0;
  extras.progress_text.clear();
  runner.running.insert(job.id);
  auto& queue = queues[job.row.queue];
  ++queue.running;
  ++queue.runs[job.row.fairness_key];
  for (const auto& limit : job.row.limits)
    held[{limit.name, limit.key}] += limit.tokens;
  if (job.until == unique_until::started)
    drop_unique(job);
  ++counters.claimed;
}

void memory_tables::end(memory_job& job, job_state how, store_time now, bool stays) {
  job.state = how;
  if (job.until != unique_until::period)
    drop_unique(job);
  if (!release_in_memory(*this, job.id, how, now) && !stays && job.row.keep <= store_duration{0})
    return forget(job);
  auto& extras = job.extras();
  extras.ended = now;
  extras.kept_until = store_time_after(now, job.row.keep);
  history.emplace(*extras.kept_until, job.id);
}

void memory_tables::expire(memory_job& job, store_time now) {
  ++counters.expired;
  take_out(job);
  job.extras().error = expired_error;
  end(job, job_state::expired, now);
}

// -- out --------------------------------------------------------------------

void memory_tables::take_out(memory_job& job) {
  if (is_final(job.state)) {
    history.erase({*job.extras().kept_until, job.id});
    return;
  }
  auto& queue = queues[job.row.queue];
  if (job.state != job_state::running && job.expires)
    expiry.erase({*job.expires, job.id});
  if (job.state == job_state::ready) {
    const auto id = queue.lane_ids.at(lane_key_of(job));
    auto& ready = queue.lanes.at(id).ready;
    ready.erase({.priority = job.row.priority, .seq = job.seq});
    if (ready.empty())
      emptied_lanes.emplace_back(&queue, id);
    --queue.ready;
  } else if (job.state == job_state::delayed) {
    delayed.erase({job.due, job.id});
    --queue.delayed;
  } else if (job.state == job_state::blocked) {
    --queue.blocked;
  } else {
    job.runner->running.erase(job.id);
    job.runner = nullptr;
    --queue.running;
    count_down(queue.runs, job.row.fairness_key, 1);
    for (const auto& limit : job.row.limits)
      count_down(held, name_key{limit.name, limit.key}, limit.tokens);
  }
}

void memory_tables::drop_empty_lanes() {
  for (const auto& [queue, id] : emptied_lanes)
    if (const auto at = queue->lanes.find(id); at != queue->lanes.end() && at->second.ready.empty()) {
      queue->lane_ids.erase(lane_key_of(at->second.lane));
      queue->lanes.erase(at);
    }
  emptied_lanes.clear();
}

void memory_tables::forget(memory_job& job) {
  edges.drop(job.id);
  jobs.erase(job.id);
}

void reset_end(memory_job& job) {
  job.counts.attempts = job.counts.losses = 0; // it may fail as often as before
  job.cancel_requested = false;
  job.expires.reset();
  auto& extras = job.extras();
  extras.result.clear();
  extras.ended.reset();
  extras.kept_until.reset();
}

void memory_tables::move(memory_job& job, const job_move& move, store_time now, std::string error,
                         std::string result) {
  if (error.empty())
    error = move.error;
  if (move.gives_rate_back)
    give_rate_back(job, now);
  take_out(job);
  if (move.expiry_goes) {
    job.had_begun = true;
    job.expires.reset();
  }
  job.counts = move.counts;
  if (move.counter)
    ++(counters.*move.counter);
  if (!move.attempt.empty()) {
    if (move.attempt == lost_attempt)
      ++counters.lost;
    write_attempt(job, move.attempt, now, error);
  }
  if (!error.empty() || move.to == job_state::succeeded)
    job.extras().error = std::move(error);
  if (move.to == job_state::ready)
    return make_ready(job, now, !move.keeps_place);
  if (move.to == job_state::delayed)
    return delay(job, *move.due);
  job.extras().result = std::move(result);
  end(job, move.to, now);
}

void memory_tables::write_attempt(memory_job& job, std::string_view word, store_time now, std::string error) {
  auto& extras = job.extras();
  extras.attempts.push_back({.number = job.claims,
                             .runner = extras.runner,
                             .began = *extras.began,
                             .ended = now,
                             .end = std::string{word},
                             .error = std::move(error)});
  if (extras.attempts.size() > attempts_kept)
    extras.attempts.pop_front();
}

void memory_tables::give_rate_back(const memory_job& job, store_time now) {
  for (const auto& limit : job.row.limits) {
    const auto of = limits.find(limit.name);
    const auto at = rates.find({limit.name, limit.key});
    if (of != limits.end() && of->second.rate && at != rates.end())
      at->second = store_rate{*of->second.rate}.put_back(limit.tokens, at->second, now);
  }
}

// -- keys -------------------------------------------------------------------

std::optional<job_id> memory_tables::unique_holder(const name_key& key, store_time now) {
  const auto at = uniques.find(key);
  if (at == uniques.end() || !is_taken(at->second.until, now))
    return {};
  return at->second.job;
}

void memory_tables::take_unique(memory_job& job, std::optional<store_time> until) {
  const name_key key{job.unique_scope, job.unique_key};
  auto& at = uniques[key];
  if (at.until)
    periods.erase({*at.until, key});
  at = {.job = job.id, .until = until};
  if (until)
    periods.emplace(*until, key);
}

void memory_tables::drop_unique(const memory_job& job) {
  const auto at = uniques.find({job.unique_scope, job.unique_key});
  if (at != uniques.end() && at->second.job == job.id && !at->second.until)
    uniques.erase(at);
}

} // namespace taskactor::detail
