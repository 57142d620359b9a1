/// What a store does, said as simply as it can be: one list of jobs that is gone through for each question.
/// Nothing of the stores' own decisions is in it; random_histories.cpp compares them with it.
#pragma once

#include "queue/store_backend.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace queue_tests {

namespace ta = taskactor;
namespace td = ta::detail;

struct model_job {
  td::new_job made;
  ta::job_state state{};
  std::size_t attempts = 0, losses = 0, snoozes = 0;
  td::claim_token token = 0;
  bool said_its_end = false; // of the last claim
  std::int64_t seq = 0;
  ta::store_time since{}, due{};
  std::optional<ta::store_time> expires, kept_until;
  bool begun = false, had_begun = false, cancel = false;
  td::runner_key runner;

  bool waits() const { return state == ta::job_state::ready || state == ta::job_state::delayed; }
};

struct model_runner {
  bool dead = false;
  std::map<std::string, std::size_t> free;
};

struct model_limit {
  std::optional<std::size_t> capacity;
  std::optional<ta::rate> rate; // whole nanoseconds a token
};

class history_model {
public:
  ta::store_time now{std::chrono::seconds{1'700'000'000}};
  std::map<ta::job_id, model_job> jobs;
  std::map<td::runner_key, model_runner> runners;
  std::map<std::string, model_limit> limits;
  std::map<std::string, bool> paused;
  std::map<std::string, std::pair<ta::job_id, std::optional<ta::store_time>>> keys;
  std::map<std::string, td::push_reply> requests;
  td::known_tasks tasks;

  // -- push -----------------------------------------------------------------

  /// What is to be answered; of a new one the id is zero, and `add` follows.
  td::push_reply expect_push(const td::new_job& job) {
    if (const auto at = requests.find(job.request); at != requests.end())
      return at->second;
    const auto owner = holder(job.unique_key);
    if (owner == 0)
      return {.id = 0, .how = ta::push_result::pushed};
    const auto at = jobs.find(owner);
    if (job.on_taken != ta::on_taken::replace || at == jobs.end() || !at->second.waits())
      return {.id = owner, .how = ta::push_result::duplicate};
    auto& old = at->second;
    old.made.row.arguments = job.row.arguments;
    old.made.row.priority = job.row.priority;
    old.expires.reset();
    if (job.expires && !old.had_begun)
      old.expires = now + *job.expires;
    const bool was_ready = old.state == ta::job_state::ready;
    wait(old, now + job.delay, !was_ready);
    return {.id = owner, .how = ta::push_result::replaced};
  }
  void add(const td::new_job& job, ta::job_id id) {
    auto& made = jobs[id];
    made.made = job;
    if (job.expires)
      made.expires = now + *job.expires;
    if (!job.unique_key.empty())
      keys[job.unique_key] = {
          id, job.until == ta::unique_until::period ? std::optional{now + job.unique_period} : std::nullopt};
    wait(made, now + job.delay, true);
  }
  ta::job_id holder(const std::string& key) const {
    const auto at = keys.find(key);
    return at == keys.end() || (at->second.second && *at->second.second <= now) ? 0 : at->second.first;
  }

  // -- claim ----------------------------------------------------------------

  /// The jobs that a claim gets, in order; each is a running one then, without its token.
  std::vector<ta::job_id> expect_claim(const td::claim_request& request) {
    auto& runner = runners[request.runner];
    runner.free.clear();
    for (const auto& share : request.shares)
      runner.free[share.queue] = share.free;
    std::vector<ta::job_id> given;
    aside_.clear();
    for (const auto& share : request.shares)
      if (!paused[share.queue])
        claim_share(request.runner, share, given);
    return given;
  }

  // -- the ends of claims ---------------------------------------------------

  td::end_reply expect_finish(const td::job_end& end) {
    const auto at = jobs.find(end.id);
    if (at == jobs.end())
      return td::end_reply::gone;
    auto& job = at->second;
    if (job.state != ta::job_state::running || job.token != end.token)
      return job.state != ta::job_state::running && job.token == end.token && job.said_its_end
                 ? td::end_reply::repeated
                 : td::end_reply::stale;
    job.said_its_end = true;
    const bool begun = end.begun || job.begun;
    leave(job, begun);
    using td::claim_end;
    const bool again = end.how == claim_end::retry || end.how == claim_end::snooze;
    job.attempts += static_cast<std::size_t>(end.how == claim_end::retry || end.how == claim_end::failed);
    job.snoozes += static_cast<std::size_t>(end.how == claim_end::snooze);
    if ((again || end.how == claim_end::released) && job.cancel)
      this->end(end.id, ta::job_state::cancelled);
    else if (again)
      wait(job, now + end.delay, true);
    else if (end.how == claim_end::released)
      wait(job, now, false);
    else
      this->end(end.id, end.how == claim_end::succeeded   ? ta::job_state::succeeded
                        : end.how == claim_end::failed    ? ta::job_state::failed
                        : end.how == claim_end::cancelled ? ta::job_state::cancelled
                                                          : ta::job_state::quarantined);
    return td::end_reply::done;
  }
  /// The runner goes; `lost`: it didn't say so.
  td::rescue_reply expect_departure(const td::runner_key& key, bool lost) {
    td::rescue_reply reply{.runners = 1};
    std::vector<ta::job_id> claims;
    for (const auto& [id, job] : jobs)
      if (job.state == ta::job_state::running && job.runner == key)
        claims.push_back(id);
    for (const auto id : claims) {
      auto& job = jobs[id];
      const bool begun = job.begun;
      leave(job, begun);
      if (begun && lost) {
        ++job.losses;
        ++reply.lost;
      } else {
        ++reply.returned;
      }
      if (job.losses == 3) {
        ++reply.quarantined;
        end(id, ta::job_state::quarantined);
      } else if (job.cancel) {
        end(id, ta::job_state::cancelled);
      } else {
        wait(job, now, false);
      }
    }
    return reply;
  }

  // -- time, and control ----------------------------------------------------

  td::promote_reply expect_promotion() {
    td::promote_reply reply;
    std::vector<ta::job_id> expired, due;
    for (const auto& [id, job] : jobs)
      if (has_expired(job))
        expired.push_back(id);
      else if (job.state == ta::job_state::delayed && job.due <= now)
        due.push_back(id);
    for (const auto id : expired)
      end(id, ta::job_state::expired);
    std::ranges::stable_sort(due, {}, [&](ta::job_id id) { return jobs[id].due; });
    for (const auto id : due)
      wait(jobs[id], now, true);
    reply.expired = expired.size();
    reply.promoted = due.size();
    return reply;
  }
  bool has_expired(const model_job& job) const { return job.waits() && job.expires && *job.expires <= now; }

  ta::control_reply expect_control(td::control_verb verb, ta::job_id id) {
    using ta::control_reply;
    const auto at = jobs.find(id);
    if (at == jobs.end())
      return control_reply::unknown;
    auto& job = at->second;
    const bool runs = job.state == ta::job_state::running;
    if (verb == td::control_verb::cancel) {
      if (job.waits())
        end(id, ta::job_state::cancelled);
      else if (!runs)
        return control_reply::ended;
      job.cancel |= runs;
      return runs ? control_reply::requested : control_reply::done;
    }
    if (verb == td::control_verb::remove) {
      if (runs)
        return control_reply::running;
      drop_key(id);
      jobs.erase(at);
      return control_reply::done;
    }
    if (runs || job.waits())
      return control_reply::ended;
    const auto owner = holder(job.made.unique_key);
    if (owner != 0 && owner != id)
      return control_reply::duplicate;
    if (!job.made.unique_key.empty() && job.made.until != ta::unique_until::period)
      keys[job.made.unique_key] = {id, {}};
    job.attempts = job.losses = 0;
    job.cancel = false;
    job.expires.reset();
    job.kept_until.reset();
    wait(job, now, true);
    return control_reply::done;
  }
  void prune() {
    std::erase_if(jobs,
                  [&](const auto& each) { return each.second.kept_until && *each.second.kept_until <= now; });
    std::erase_if(keys, [&](const auto& each) { return each.second.second && *each.second.second <= now; });
  }
  void expire(ta::job_id id) { end(id, ta::job_state::expired); }

private:
  void wait(model_job& job, ta::store_time until, bool new_seq) {
    job.state = until > now ? ta::job_state::delayed : ta::job_state::ready;
    job.due = until;
    if (new_seq && job.state == ta::job_state::ready) {
      job.seq = ++seq_;
      job.since = now;
    }
  }
  void leave(model_job& job, bool begun) {
    if (begun) {
      job.had_begun = true;
      job.expires.reset();
    } else {
      for (const auto& use : job.made.row.limits)
        if (const auto at = limits.find(use.name); at != limits.end() && at->second.rate)
          next_[use.name] = now + std::max(debt(use.name) - cost(use), std::chrono::nanoseconds{0});
    }
  }
  void end(ta::job_id id, ta::job_state how) {
    auto& job = jobs[id];
    job.state = how;
    drop_key(id);
    if (job.made.row.keep.count() == 0)
      jobs.erase(id);
    else
      job.kept_until = now + job.made.row.keep;
  }
  void drop_key(ta::job_id id) {
    std::erase_if(keys, [&](const auto& each) { return each.second.first == id && !each.second.second; });
  }

  // -- who is next ----------------------------------------------------------

  void claim_share(const td::runner_key& key, const td::queue_share& share, std::vector<ta::job_id>& given) {
    std::size_t mine = 0, others_free = 0;
    bool alone_runs = false;
    for (const auto& [id, job] : jobs)
      if (job.state == ta::job_state::running && job.runner == key && job.made.row.queue == share.queue) {
        ++mine;
        alone_runs |= job.losses >= 2;
      }
    for (auto& [other, runner] : runners)
      if (other != key && !runner.dead && runner.free.contains(share.queue))
        others_free += runner.free[share.queue];
    if (alone_runs)
      return;
    if (share.free > 0)
      for (const auto id : held_up(share.queue, mine == 0))
        set_aside(jobs[id]);
    for (std::size_t i = 0; i < share.free; ++i) {
      const auto id = next(share.queue, mine == 0, false);
      if (id == 0)
        return;
      take(id, key, given);
      --runners[key].free[share.queue];
      ++mine;
      if (jobs[id].losses >= 2)
        return;
    }
    const auto waiting = std::min(
        static_cast<std::size_t>(std::ranges::count_if(
            jobs, [&](const auto& each) { return is_candidate(each.second, share.queue, false, true); })),
        share.prefetch + others_free);
    for (auto more = waiting - std::min(waiting, others_free); more > 0; --more)
      if (const auto id = next(share.queue, false, true); id != 0)
        take(id, key, given);
  }
  bool is_candidate(const model_job& job, const std::string& queue, bool may_be_alone, bool ahead) const {
    const auto& row = job.made.row;
    return job.state == ta::job_state::ready && row.queue == queue && !has_expired(job)
           && tasks.contains({row.task, row.version}) && (may_be_alone || job.losses < 2)
           && (!ahead || (row.limits.empty() && job.losses == 0));
  }
  /// What jobs that are told apart by nothing but their place have alike.
  static std::string lane_of(const model_job& job) {
    const auto& row = job.made.row;
    auto lane = row.queue + '|' + row.task + '|' + row.version + '|' + row.fairness_key + '|'
                + std::to_string(std::min<std::size_t>(job.losses, 2));
    for (const auto& use : row.limits)
      lane += '|' + use.name + ':' + use.key + ':' + std::to_string(use.tokens);
    return lane;
  }
  /// The oldest of each lane that needs several tokens, if it has waited for half a minute, or one and a
  /// half.
  std::vector<ta::job_id> held_up(const std::string& queue, bool may_be_alone) {
    std::map<std::string, ta::job_id> oldest;
    for (const auto& [id, job] : jobs)
      if (is_candidate(job, queue, may_be_alone, false)
          && std::ranges::any_of(job.made.row.limits, [](const auto& use) { return use.tokens > 1; }))
        if (const auto [at, is_first] = oldest.try_emplace(lane_of(job), id);
            !is_first && job.seq < jobs[at->second].seq)
          at->second = id;
    std::vector<ta::job_id> found;
    for (const auto& [lane, id] : oldest)
      if (const auto waits = now - jobs[id].since;
          waits.count() >= 0 && waits / std::chrono::seconds{30} % 2 == 1)
        found.push_back(id);
    std::ranges::sort(found, {}, [&](ta::job_id id) { return jobs[id].seq; });
    return found;
  }
  void set_aside(const model_job& job) {
    const auto lane = lane_of(job);
    auto uses = job.made.row.limits;
    std::ranges::stable_sort(uses, {}, [](const auto& use) { return use.tokens; });
    for (const auto& use : uses) {
      const auto limit = limits.find(use.name);
      const auto kept = aside_.find({use.name, use.key});
      if ((limit != limits.end() && limit->second.capacity == std::size_t{0})
          || (kept != aside_.end() && kept->second.first != lane))
        return;
      aside_[{use.name, use.key}] = {lane, use.tokens};
      if (!has_room(job, use))
        return;
    }
  }
  bool has_room(const model_job& job) {
    return std::ranges::all_of(job.made.row.limits,
                               [&](const ta::job_limit& use) { return has_room(job, use); });
  }
  /// With what is set aside for other lanes.
  bool has_room(const model_job& job, const ta::job_limit& use) {
    const auto at = limits.find(use.name);
    if (at == limits.end())
      return true;
    std::size_t aside = 0;
    if (const auto kept = aside_.find({use.name, use.key});
        kept != aside_.end() && kept->second.first != lane_of(job))
      aside = kept->second.second;
    if (const auto most = at->second.capacity; most) {
      auto taken = std::min(aside, *most);
      for (const auto& [id, other] : jobs)
        if (other.state == ta::job_state::running)
          for (const auto& theirs : other.made.row.limits)
            taken += theirs.name == use.name && theirs.key == use.key ? theirs.tokens : 0;
      if (*most == 0 || taken + std::min(use.tokens, *most) > *most)
        return false;
    }
    if (!at->second.rate)
      return true;
    if (aside == 0)
      return debt(use.name) + cost(use) <= full(use.name);
    const auto all = static_cast<std::int64_t>(aside + use.tokens);
    return debt(use.name) + each(use.name) * all <= full(use.name);
  }
  ta::job_id next(const std::string& queue, bool may_be_alone, bool ahead) {
    std::map<std::string, std::size_t> had;
    for (const auto& [id, job] : jobs)
      if (job.state == ta::job_state::running && job.made.row.queue == queue)
        ++had[job.made.row.fairness_key];
    using rank = std::tuple<std::size_t, int, std::int64_t>;
    const bool oldest = turns_[queue] % 8 == 7;
    std::optional<std::pair<rank, ta::job_id>> best;
    for (const auto& [id, job] : jobs) {
      if (!is_candidate(job, queue, may_be_alone, ahead) || !has_room(job))
        continue;
      const auto of = oldest ? rank{0, 0, job.seq}
                             : rank{had[job.made.row.fairness_key], job.made.row.priority, job.seq};
      if (!best || of < best->first)
        best = {of, id};
    }
    turns_[queue] += static_cast<std::size_t>(best.has_value());
    return best ? best->second : 0;
  }
  void take(ta::job_id id, const td::runner_key& key, std::vector<ta::job_id>& given) {
    auto& job = jobs[id];
    for (const auto& use : job.made.row.limits)
      if (const auto at = limits.find(use.name); at != limits.end() && at->second.rate)
        next_[use.name] = now + debt(use.name) + cost(use);
    job.state = ta::job_state::running;
    job.runner = key;
    job.begun = job.cancel = job.said_its_end = false;
    if (job.made.until == ta::unique_until::started)
      drop_key(id);
    given.push_back(id);
  }

  // -- rates, without keys: they go with a clock that never goes back -------

  std::chrono::nanoseconds each(const std::string& name) {
    const auto& rate = *limits[name].rate;
    return rate.period / static_cast<std::int64_t>(rate.count);
  }
  std::chrono::nanoseconds full(const std::string& name) {
    return each(name) * static_cast<std::int64_t>(limits[name].rate->burst);
  }
  std::chrono::nanoseconds cost(const ta::job_limit& use) {
    return std::min(each(use.name) * static_cast<std::int64_t>(use.tokens), full(use.name));
  }
  std::chrono::nanoseconds debt(const std::string& name) {
    return std::clamp<std::chrono::nanoseconds>(next_[name] - now, std::chrono::nanoseconds{0}, full(name));
  }

  std::map<std::string, std::chrono::sys_time<std::chrono::nanoseconds>> next_;
  std::map<std::string, std::size_t> turns_;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, std::size_t>> aside_; // in this claim
  std::int64_t seq_ = 0;
};

} // namespace queue_tests
