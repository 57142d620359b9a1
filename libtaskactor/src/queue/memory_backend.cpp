#include "queue/memory_backend.hpp"

#include "queue/memory_control.hpp"
#include "queue/memory_edges.hpp"
#include "queue/memory_reports.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace taskactor::detail {

// -- push -------------------------------------------------------------------

std::vector<push_reply> memory_backend::push(std::span<const new_job> jobs) {
  const auto now = clock_();
  std::vector<push_reply> replies;
  replies.reserve(jobs.size());
  check_memory_parents(tables_, jobs);
  for (const auto& job : jobs) {
    if (const auto at = tables_.requests.find(job.request);
        !job.request.empty() && at != tables_.requests.end()) {
      replies.push_back({.id = at->second.job, .how = at->second.how});
      continue;
    }
    const auto reply = push_one(job, replies, now);
    if (!job.request.empty()) {
      tables_.requests.emplace(job.request, memory_request{.job = reply.id, .how = reply.how, .at = now});
      tables_.request_times.emplace_back(now, job.request);
    }
    replies.push_back(reply);
  }
  wrote();
  return replies;
}

push_reply memory_backend::push_one(const new_job& job, std::span<const push_reply> earlier, store_time now) {
  if (!job.unique_key.empty())
    if (const auto holder = tables_.unique_holder({job.unique_scope, job.unique_key}, now)) {
      const auto at = tables_.jobs.find(*holder);
      const auto how = on_taken_key(job.on_taken, at == tables_.jobs.end() ? std::nullopt
                                                                           : std::optional{at->second.state});
      if (how == push_result::replaced)
        replace(at->second, job, now);
      else
        ++tables_.counters.duplicates;
      return {.id = *holder, .how = how};
    }
  const auto id = ++tables_.last.job;
  auto& made = tables_.jobs[id];
  made.id = id;
  made.row = job.row;
  made.unique_scope = job.unique_scope;
  made.unique_key = job.unique_key;
  made.until = job.until;
  made.pushed = now;
  if (job.expires)
    made.expires = store_time_after(now, *job.expires);
  if (!job.unique_key.empty())
    tables_.take_unique(made, job.until == unique_until::period
                                  ? std::optional{store_time_after(now, job.unique_period)}
                                  : std::nullopt);
  place_in_memory(tables_, made, job, earlier, now);
  ++tables_.counters.pushed;
  return {.id = id, .how = push_result::pushed};
}

void memory_backend::replace(memory_job& job, const new_job& by, store_time now) {
  const bool was_ready = job.state == job_state::ready, was_blocked = job.state == job_state::blocked;
  tables_.take_out(job);
  job.row.arguments = by.row.arguments;
  job.row.priority = by.row.priority;
  job.expires.reset();
  if (by.expires && !job.had_begun)
    job.expires = store_time_after(now, *by.expires);
  const auto due = due_of(by, now);
  if (was_blocked)
    tables_.block(job, due);
  else if (due > now)
    tables_.delay(job, due);
  else
    tables_.make_ready(job, now, !was_ready);
}

// -- claim ------------------------------------------------------------------

namespace {

constexpr std::size_t lanes_at_once = 1000;

/// A queue as a claim sees it.
class memory_claim final : public lane_source {
public:
  memory_claim(memory_tables& tables, memory_queue& queue, memory_runner& runner, store_time now,
               claim_reply& reply)
      : tables_(tables), queue_(queue), runner_(runner), now_(now), reply_(reply) {}

  std::optional<lane_place> place(const job_lane& lane, lane_end which) override {
    auto& of = queue_.lanes.at(lane.id);
    for (;;) {
      auto* job = of.at(which);
      if (!job)
        return {};
      if (!job->expires || now_ < *job->expires)
        return lane_place{.priority = job->row.priority, .seq = job->seq, .since = job->since};
      if (reply_.expired == expired_at_once) {
        reply_.again = store_duration{0}; // the rest by the next claim
        return {};
      }
      ++reply_.expired;
      tables_.expire(*job, now_);
    }
  }
  void pop(const job_lane& lane, lane_end which) override {
    auto& job = *queue_.lanes.at(lane.id).at(which);
    const bool silent = is_silent(job.counts, job.claims);
    tables_.take_out(job);
    tables_.run(job, runner_, now_);
    reply_.jobs.push_back({.id = job.id,
                           .token = job.token,
                           .row = job.row,
                           .attempts = job.counts.attempts,
                           .losses = job.counts.losses,
                           .snoozes = job.counts.snoozes,
                           .pushed = job.pushed,
                           .mark_first = silent,
                           .alone = lane.runs_alone()});
  }
  std::size_t count(const job_lane& lane, std::size_t most) override {
    return std::min(most, queue_.lanes.at(lane.id).ready.size());
  }
  std::size_t running(const std::string& fairness_key) override {
    const auto at = queue_.runs.find(fairness_key);
    return at == queue_.runs.end() ? 0 : at->second;
  }
  limit_room room(const std::string& limit, const std::string& key) override {
    const auto of = tables_.limits.find(limit);
    if (of == tables_.limits.end())
      return {};
    limit_room left{.capacity = of->second.capacity, .rate = of->second.rate};
    if (const auto at = tables_.held.find({limit, key}); at != tables_.held.end())
      left.taken = at->second;
    if (const auto at = tables_.rates.find({limit, key}); at != tables_.rates.end())
      left.next = at->second;
    return left;
  }

private:
  memory_tables& tables_;
  memory_queue& queue_;
  memory_runner& runner_;
  store_time now_;
  claim_reply& reply_;
};

/// The next lanes of the queue, in turn. `seen`: how many were looked at.
std::vector<const job_lane*> next_lanes(memory_queue& queue, std::size_t& seen) {
  std::vector<const job_lane*> lanes;
  auto at = queue.lanes.lower_bound(queue.window);
  while (seen < queue.lanes.size() && lanes.size() < lanes_at_once) {
    if (at == queue.lanes.end())
      at = queue.lanes.begin();
    lanes.push_back(&at->second.lane);
    ++seen;
    ++at;
  }
  queue.window = at == queue.lanes.end() ? 0 : at->first;
  return lanes;
}

} // namespace

claim_reply memory_backend::claim(const claim_request& request) {
  claim_reply reply;
  const auto now = clock_();
  auto* runner = row_of(request.runner, now);
  if (!runner) {
    reply.fenced = true;
    return reply;
  }
  static const known_tasks none;
  const auto& tasks = request.tasks ? *request.tasks : none;
  limit_tallies tallies{now};
  runner->shares = request.shares;
  for (auto& asked : runner->shares) {
    const auto at = tables_.queues.find(asked.queue);
    if (at == tables_.queues.end() || at->second.paused)
      continue;
    auto& queue = at->second;
    claim_share share{.asked = asked};
    for (const auto id : runner->running)
      if (const auto& job = tables_.jobs.at(id); job.row.queue == asked.queue) {
        ++share.runs;
        share.runs_alone |= job.counts.losses >= losses_to_run_alone;
      }
    for (const auto& [key, other] : tables_.runners)
      if (&other != runner && !other.dead)
        for (const auto& theirs : other.shares)
          if (theirs.queue == asked.queue)
            share.others_free += theirs.free;
    memory_claim source{tables_, queue, *runner, now, reply};
    for (std::size_t seen = 0; seen < queue.lanes.size();) {
      const auto before = reply.jobs.size();
      choose_jobs(source, next_lanes(queue, seen), share, tasks, tallies, queue.turn);
      const auto given = reply.jobs.size() - before;
      const auto to_slots = std::min(given, share.asked.free);
      share.runs += given;
      share.runs_alone |= given != 0 && reply.jobs.back().alone;
      share.asked.free -= to_slots;
      share.asked.prefetch -= given - to_slots;
      if (share.asked.free == 0) // what was prefetched of one window is enough
        break;
    }
    asked.free = share.asked.free;
  }
  for (const auto& [key, left] : tallies.rooms())
    if (left.rate && left.next != rate_point{})
      tables_.rates[key] = left.next;
  if (!reply.again)
    reply.again = tallies.again();
  wrote(!reply.jobs.empty() || reply.expired != 0);
  return reply;
}

memory_runner* memory_backend::row_of(const runner_key& key, store_time now) {
  const auto [at, is_new] = tables_.runners.try_emplace(key);
  if (is_new) {
    at->second.key = key;
    at->second.seen = now;
  }
  return at->second.dead ? nullptr : &at->second;
}

// -- finish -----------------------------------------------------------------

std::vector<end_reply> memory_backend::finish(const runner_key&, std::span<const job_end> ends) {
  const auto now = clock_();
  std::vector<end_reply> replies;
  replies.reserve(ends.size());
  for (const auto& end : ends) {
    const auto at = tables_.jobs.find(end.id);
    if (at == tables_.jobs.end()) {
      replies.push_back(end_reply::gone);
      continue;
    }
    auto& job = at->second;
    const auto reply = reply_to_end(job.state == job_state::running, job.token, job.ended_token, end.token);
    replies.push_back(reply);
    if (reply == end_reply::stale)
      ++tables_.counters.stale;
    else if (reply == end_reply::repeated)
      ++tables_.counters.repeated;
    else {
      job.ended_token = end.token;
      tables_.move(job, move_at_end(end, job.counts, end.begun || job.begun, job.cancel_requested, now), now,
                   end.error, end.result);
    }
  }
  wrote();
  return replies;
}

// -- runners ----------------------------------------------------------------

beat_reply memory_backend::renew(const runner_beat& beat) {
  const auto now = clock_();
  auto* row = row_of(beat.runner, now);
  if (!row)
    return {.fenced = true, .to_cancel = {}};
  auto& runner = *row;
  ++runner.beat;
  runner.host = beat.host;
  runner.boot_id = beat.boot_id;
  runner.pid = beat.pid;
  runner.process_start = beat.process_start;
  runner.shares = beat.shares;
  runner.tasks = beat.tasks;
  runner.seen = now;
  for (const auto& each : beat.notes)
    note(runner, each, now);
  beat_reply reply;
  if (beat.leaves) {
    const auto claims = runner.running; // a copy: moves take out of it
    for (const auto id : claims) {
      auto& job = tables_.jobs.at(id);
      tables_.move(job, move_at_leave(job.counts, job.begun, job.cancel_requested, now), now, {}, {});
    }
    tables_.runners.erase(beat.runner);
  } else {
    for (const auto id : runner.running)
      if (const auto& job = tables_.jobs.at(id); job.cancel_requested)
        reply.to_cancel.emplace_back(id, job.token);
    reply.others = std::ranges::any_of(
        tables_.runners, [&](const auto& each) { return !each.second.dead && each.first != beat.runner; });
  }
  wrote();
  return reply;
}

void memory_backend::note(memory_runner& runner, const claim_note& note, store_time now) {
  if (!runner.running.contains(note.id))
    return;
  auto& job = tables_.jobs.at(note.id);
  if (job.token != note.token)
    return;
  auto& extras = job.extras();
  if (note.begun && !job.begun) {
    job.begun = job.had_begun = true;
    job.expires.reset();
    extras.began = now;
  }
  if (note.has_progress) {
    extras.progress_done = note.done;
    extras.progress_total = note.total;
    extras.progress_text = note.text;
  }
  extras.output.append(note);
}

rescue_reply memory_backend::rescue(std::span<const lost_runner> runners) {
  const auto now = clock_();
  rescue_reply reply;
  for (const auto& lost : runners) {
    const auto at = tables_.runners.find(lost.runner);
    if (at == tables_.runners.end() || at->second.dead || at->second.beat != lost.beat)
      continue;
    auto* runner = &at->second;
    runner->dead = now;
    ++reply.runners;
    const auto claims = runner->running; // a copy: moves take out of it
    for (const auto id : claims) {
      auto& job = tables_.jobs.at(id);
      const auto move = move_at_loss(job.counts, job.begun, job.cancel_requested, lost.runner.name, now);
      ++(job.begun ? reply.lost : reply.returned);
      reply.quarantined += static_cast<std::size_t>(move.to == job_state::quarantined);
      tables_.move(job, move, now, {}, {});
    }
  }
  wrote();
  return reply;
}

std::vector<runner_row> memory_backend::runners() {
  std::vector<runner_row> rows;
  for (const auto& [key, runner] : tables_.runners)
    if (!runner.dead)
      rows.push_back({.runner = key,
                      .beat = runner.beat,
                      .host = runner.host,
                      .boot_id = runner.boot_id,
                      .pid = runner.pid,
                      .process_start = runner.process_start,
                      .claims = runner.running.size(),
                      .cancels = static_cast<std::size_t>(std::ranges::count_if(
                          runner.running, [&](job_id id) { return tables_.jobs.at(id).cancel_requested; }))});
  return rows;
}

// -- housekeeping -----------------------------------------------------------

promote_reply memory_backend::promote(std::size_t most) {
  const auto now = clock_();
  promote_reply reply;
  auto& expiry = tables_.expiry;
  auto& delayed = tables_.delayed;
  const auto is_due = [&](const auto& of) { return !of.empty() && of.begin()->first <= now; };
  for (; reply.expired < most && is_due(expiry); ++reply.expired)
    tables_.expire(tables_.jobs.at(expiry.begin()->second), now);
  for (; reply.expired + reply.promoted < most && is_due(delayed); ++reply.promoted) {
    auto& job = tables_.jobs.at(delayed.begin()->second);
    tables_.take_out(job);
    tables_.make_ready(job, now, true);
  }
  const auto settled = settle_in_memory(tables_, now, most - std::min(most, reply.expired + reply.promoted));
  reply.promoted += settled.settled;
  note_others_end(settled.ended_some);
  reply.more = is_due(expiry) || is_due(delayed) || !tables_.edges.releases.empty();
  for (const auto* of : {&expiry, &delayed})
    if (!of->empty()) {
      const auto left = std::max(of->begin()->first - now, store_duration{0});
      reply.next = std::min(reply.next.value_or(left), left);
    }
  wrote(reply.expired + reply.promoted != 0);
  return reply;
}

std::size_t memory_backend::prune(std::size_t most) {
  const auto now = clock_();
  std::size_t gone = 0;
  for (auto& of = tables_.history; gone < most && !of.empty() && of.begin()->first <= now; ++gone) {
    auto& job = tables_.jobs.at(of.begin()->second);
    tables_.take_out(job);
    if (is_awaited_in_memory(tables_, job.id)) {
      job.extras().kept_until = now + awaited_parents_kept;
      of.emplace(*job.extras().kept_until, job.id);
    } else {
      tables_.forget(job);
    }
  }
  for (auto& of = tables_.request_times;
       gone < most && !of.empty() && of.front().first + requests_kept <= now; ++gone) {
    tables_.requests.erase(of.front().second);
    of.pop_front();
  }
  for (auto& of = tables_.periods; gone < most && !of.empty() && of.begin()->first <= now; ++gone) {
    tables_.uniques.erase(of.begin()->second);
    of.erase(of.begin());
  }
  for (auto at = tables_.runners.begin(); gone < most && at != tables_.runners.end();) {
    const bool is_old = at->second.dead && *at->second.dead + dead_runners_kept <= now;
    at = is_old ? tables_.runners.erase(at) : std::next(at);
    gone += static_cast<std::size_t>(is_old);
  }
  std::erase_if(tables_.rates, [&](const auto& each) { return each.second <= now; }); // full again
  wrote(gone != 0);
  return gone;
}

// -- schedules --------------------------------------------------------------

std::vector<schedule_written> memory_backend::write_schedules(std::span<const schedule_write> writes) {
  std::vector<schedule_written> replies;
  replies.reserve(writes.size());
  for (const auto& each : writes)
    replies.push_back({.done = schedules_.write(each), .pushed = {}});
  add_pushed(writes, replies, push(jobs_of(writes, replies)));
  return replies;
}

schedule_page memory_backend::schedules(const schedule_query& which) {
  return schedules_.page(which, tables_, clock_());
}

// -- what there is ----------------------------------------------------------

std::vector<job_info> memory_backend::list(const job_query& filter) { return memory_list(tables_, filter); }

std::vector<job_details> memory_backend::find(std::span<const job_id> ids) {
  return memory_find(tables_, ids);
}

store_survey memory_backend::survey() { return memory_survey(tables_, clock_()); }

std::vector<std::string> memory_backend::check() {
  auto faults = memory_faults(tables_);
  schedules_.check(faults);
  return faults;
}

// -- control ----------------------------------------------------------------

std::vector<control_reply> memory_backend::control(std::span<const control_action> actions) {
  const auto now = clock_();
  std::vector<control_reply> replies;
  replies.reserve(actions.size());
  for (const auto& action : actions)
    replies.push_back(control_memory(tables_, action, now));
  wrote();
  return replies;
}

} // namespace taskactor::detail
