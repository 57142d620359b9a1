// Claims: which rows a runner gets (lane_choice.hpp decides), and what they become.

#include "queue/lane_choice.hpp"
#include "queue/sqlite_backend.hpp"
#include "queue/store_rate.hpp"
#include "queue/stored_limits.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::int64_t most_rows_ahead = 128;

struct line_row {
  std::int64_t seq = 0;
  job_id job = 0;
  store_time since{};
  std::optional<store_time> expires;
  stored_tries tries;
};

/// The rows of a lane of one priority, read a few at a time.
struct priority_line {
  int priority = 0;
  std::deque<line_row> rows;
  std::int64_t last_seq = 0;
  std::int64_t ahead = 2; // how many rows are read next
  bool is_read = false;   // to its end
};

struct lane_line {
  std::int64_t left = 0;                 // rows
  std::vector<priority_line> priorities; // in order; those that were looked for
  bool has_all = false;
};

std::vector<std::string> strings_of(std::string_view json) {
  return nlohmann::json::parse(json).get<std::vector<std::string>>();
}

claimed_job read_claimed(sqlite_change& change, job_id id, stored_head& head) {
  auto rows
      = change.db().query("SELECT " TASKACTOR_SQLITE_HEAD ", j.timeout, j.max_attempts, j.backoff_first, "
                          "j.backoff_factor, j.backoff_max, j.backoff_jitter, j.tags, j.trace, j.arguments "
                          "FROM main.taskactor_job j WHERE j.id = ?",
                          id);
  rows.next();
  head = read_head(rows);
  constexpr int next = sqlite_head_columns;
  claimed_job job{.id = head.id, .pushed = head.pushed};
  auto& row = job.row;
  row.queue = head.queue;
  row.task = head.task;
  row.kind = head.kind;
  row.priority = head.priority;
  row.limits = limits_of(head.limits);
  row.fairness_key = head.fairness_key;
  row.keep = head.keep;
  row.version = head.version;
  if (!rows.is_null(next))
    row.timeout = store_duration{rows.integer(next)};
  row.retry = {.max_attempts = rows.size(next + 1),
               .backoff = {.first = std::chrono::nanoseconds{rows.integer(next + 2)},
                           .factor = rows.real(next + 3),
                           .max = std::chrono::nanoseconds{rows.integer(next + 4)},
                           .jitter = std::chrono::nanoseconds{rows.integer(next + 5)}}};
  if (rows.text(next + 6) != "[]")
    row.tags = strings_of(rows.text(next + 6));
  row.trace = rows.string(next + 7);
  row.arguments = rows.string(next + 8);
  return job;
}

/// The rows of one queue, for one claim.
class sqlite_lane_source : public lane_source {
public:
  sqlite_lane_source(sqlite_change& change, std::string queue, std::int64_t runner, claim_reply& reply)
      : change_(change), queue_(std::move(queue)), runner_(runner), reply_(reply) {}

  void add(std::int64_t lane, std::int64_t ready) { lines_[lane].left = ready; }

  std::optional<lane_place> place(const job_lane& lane, lane_end which) override {
    const auto* const line = find(lane, which);
    if (!line)
      return {};
    const auto& row = line->rows.front();
    return lane_place{.priority = line->priority, .seq = row.seq, .since = row.since};
  }

  void pop(const job_lane& lane, lane_end which) override {
    auto* const line = find(lane, which);
    auto row = std::move(line->rows.front());
    remove(lane, *line);

    stored_head head;
    auto job = read_claimed(change_, row.job, head);
    job.token = change_.draw(sqlite_count::token);
    job.attempts = row.tries.counts.attempts;
    job.losses = row.tries.counts.losses;
    job.snoozes = row.tries.counts.snoozes;
    job.mark_first = is_silent(row.tries.counts, static_cast<std::size_t>(row.tries.claims));
    job.alone = lane.runs_alone();
    change_.db().run("INSERT INTO main.taskactor_running VALUES(?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?, ?, ?, ?, ?)",
                     job.id, job.token, runner_, row.seq, row.since, job.alone, job.attempts, job.losses,
                     job.snoozes, row.tries.claims + 1, row.tries.had_begun, row.tries.error, change_.now());
    if (row.tries.began) // it isn't the first claim
      change_.db().run("DELETE FROM main.taskactor_progress WHERE job = ?", job.id);
    for (const auto& each : job.row.limits)
      change_.db().run("INSERT OR REPLACE INTO main.taskactor_held VALUES(?, ?, ?, ?)", each.name, each.key,
                       job.id, each.tokens);
    change_.drop_expiry(head);
    if (head.until == unique_until::started)
      change_.drop_key(head);
    change_.count_running(queue_, head.fairness_key, 1);
    change_.count(sqlite_count::claimed);
    reply_.jobs.push_back(std::move(job));
  }

  std::size_t count(const job_lane& lane, std::size_t most) override {
    return std::min(most, static_cast<std::size_t>(std::max<std::int64_t>(lines_.at(lane.id).left, 0)));
  }

  std::size_t running(const std::string& fairness_key) override {
    return static_cast<std::size_t>(change_.count_of_running(queue_, fairness_key));
  }

  limit_room room(const std::string& limit, const std::string& key) override {
    limit_room room;
    {
      auto rows = change_.db().query(
          "SELECT capacity, rate_count, rate_period, rate_burst FROM main.taskactor_limit WHERE name = ?",
          limit);
      if (!rows.next())
        return room;
      if (!rows.is_null(0))
        room.capacity = rows.size(0);
      if (!rows.is_null(1))
        room.rate = taskactor::rate{.count = rows.size(1),
                                    .period = std::chrono::nanoseconds{rows.integer(2)},
                                    .burst = rows.size(3)};
    }
    if (room.capacity)
      room.taken = static_cast<std::size_t>(change_.db().number(
          "SELECT coalesce(sum(tokens), 0) FROM main.taskactor_held WHERE name = ? AND key = ?", limit, key));
    if (room.rate) {
      auto rows = change_.db().query("SELECT next FROM main.taskactor_bucket WHERE name = ? AND key = ?",
                                     limit, key);
      if (rows.next())
        room.next = rate_point{std::chrono::nanoseconds{rows.integer(0)}};
    }
    return room;
  }

private:
  /// The line at whose front the row stands; null: there is none.
  priority_line* find(const job_lane& lane, lane_end which) {
    auto& line = lines_.at(lane.id);
    if (which == lane_end::head) {
      for (std::size_t i = 0; i < line.priorities.size() || look_further(lane, line); ++i)
        if (fill(lane, line.priorities[i]))
          return &line.priorities[i];
      return nullptr;
    }
    while (look_further(lane, line))
      ;
    priority_line* oldest = nullptr;
    for (auto& here : line.priorities)
      if (fill(lane, here) && (!oldest || here.rows.front().seq < oldest->rows.front().seq))
        oldest = &here;
    return oldest;
  }

  /// The next priority that the lane has; false: there is none.
  bool look_further(const job_lane& lane, lane_line& line) {
    if (line.has_all)
      return false;
    const int after = line.priorities.empty() ? -1 : line.priorities.back().priority;
    auto rows
        = change_.db().query("SELECT priority FROM main.taskactor_ready WHERE lane = ? AND priority > ? "
                             "ORDER BY priority LIMIT 1",
                             lane.id, after);
    if (!rows.next()) {
      line.has_all = true;
      return false;
    }
    line.priorities.push_back({.priority = static_cast<int>(rows.integer(0))});
    return true;
  }

  /// Its front is a row that may run; false: it has none left.
  bool fill(const job_lane& lane, priority_line& here) {
    for (;;) {
      if (here.rows.empty() && !here.is_read)
        read(lane, here);
      if (here.rows.empty())
        return false;
      const auto& front = here.rows.front();
      if (!front.expires || *front.expires > change_.now())
        return true;
      if (reply_.expired == expired_at_once) {
        reply_.again = store_duration{0}; // the rest by the next claim
        return false;
      }
      auto row = front;
      remove(lane, here);
      const auto job = change_.head(row.job);
      if (!job)
        throw error{errc::store_unusable,
                    "job " + std::to_string(row.job) + " is ready, and isn't there: the file is damaged"};
      change_.drop_expiry(*job);
      change_.count(sqlite_count::expired);
      row.tries.error = expired_error;
      change_.end(*job, row.tries, job_state::expired);
      ++reply_.expired;
    }
  }

  void read(const job_lane& lane, priority_line& here) {
    auto rows = change_.db().query(
        "SELECT seq, job, since, expires, attempts, losses, snoozes, claims, had_begun, ended_token, error, "
        "runner, began FROM "
        "main.taskactor_ready WHERE lane = ? AND priority = ? AND seq > ? ORDER BY seq LIMIT ?",
        lane.id, here.priority, here.last_seq, here.ahead);
    while (rows.next())
      here.rows.push_back({.seq = rows.integer(0),
                           .job = rows.integer(1),
                           .since = rows.time(2),
                           .expires = rows.maybe_time(3),
                           .tries = read_tries(rows, 4)});
    here.is_read = here.rows.size() < static_cast<std::size_t>(here.ahead);
    if (!here.rows.empty())
      here.last_seq = here.rows.back().seq;
    here.ahead = std::min(here.ahead * 4, most_rows_ahead);
  }

  void remove(const job_lane& lane, priority_line& from) {
    change_.db().run("DELETE FROM main.taskactor_ready WHERE lane = ? AND priority = ? AND seq = ?", lane.id,
                     from.priority, from.rows.front().seq);
    from.rows.pop_front();
    --lines_.at(lane.id).left;
    change_.took_ready(lane.id, queue_);
  }

  sqlite_change& change_;
  std::string queue_;
  std::int64_t runner_;
  claim_reply& reply_;
  std::unordered_map<std::int64_t, lane_line> lines_;
};

/// Empty: the queue is paused, or nothing was ever pushed to it.
std::optional<std::uint64_t> turn_of(sqlite_change& change, const std::string& queue) {
  auto rows = change.db().query("SELECT turn FROM main.taskactor_queue WHERE name = ? AND paused = 0", queue);
  if (!rows.next())
    return {};
  return static_cast<std::uint64_t>(rows.integer(0));
}

std::size_t free_elsewhere(sqlite_change& change, const std::string& queue, std::int64_t runner) {
  return static_cast<std::size_t>(
      change.db().number("SELECT coalesce(sum(q.free), 0) FROM main.taskactor_runner_queue q JOIN "
                         "main.taskactor_runner r ON r.id = "
                         "q.runner WHERE q.queue = ? AND q.runner <> ? AND r.dead = 0",
                         queue, runner));
}

std::size_t runs_of(sqlite_change& change, const std::string& queue, std::int64_t runner) {
  return static_cast<std::size_t>(change.db().number(
      "SELECT count(*) FROM main.taskactor_running r JOIN main.taskactor_job j ON j.id = r.job "
      "WHERE r.runner = ? AND j.queue = ?",
      runner, queue));
}

bool has_lone_run(sqlite_change& change, const std::string& queue, std::int64_t runner) {
  return change.db().number(
             "SELECT EXISTS (SELECT 1 FROM main.taskactor_running r JOIN main.taskactor_job j ON "
             "j.id = r.job WHERE r.runner = ? AND r.alone = 1 AND j.queue = ?)",
             runner, queue)
         != 0;
}

/// Those that the claim has changed, even if it has taken nothing.
void write_rates(sqlite_change& change, const limit_tallies& tallies) {
  for (const auto& [key, room] : tallies.rooms()) {
    if (!room.rate)
      continue;
    std::int64_t written = 0;
    if (auto rows = change.db().query("SELECT next FROM main.taskactor_bucket WHERE name = ? AND key = ?",
                                      key.first, key.second);
        rows.next())
      written = rows.integer(0);
    const auto next = room.next.time_since_epoch().count();
    if (next != written)
      change.db().run("INSERT OR REPLACE INTO main.taskactor_bucket VALUES(?, ?, ?)", key.first, key.second,
                      next);
  }
}

} // namespace

/// One claim.
class sqlite_claim {
public:
  sqlite_claim(sqlite_change& change, const claim_request& request, std::int64_t runner,
               std::unordered_map<std::int64_t, job_lane>& known,
               std::map<std::string, std::int64_t>& windows)
      : change_(change),
        request_(request),
        runner_(runner),
        known_(known),
        windows_(windows),
        tallies_(change.now()) {}

  claim_reply run() {
    auto left = request_.shares;
    for (auto& share : left)
      if (share.free + share.prefetch > 0)
        if (const auto turn = turn_of(change_, share.queue))
          share.free = serve(share, *turn);
    write_rates(change_, tallies_);
    if (!reply_.again)
      reply_.again = tallies_.again();
    if (!are_written(left))
      write_shares(change_, runner_, left);
    return std::move(reply_);
  }

private:
  /// What the share's slots still lack after it.
  std::size_t serve(const queue_share& asked, std::uint64_t turn) {
    const auto first_turn = turn;
    claim_share share{.asked = asked, .runs_alone = has_lone_run(change_, asked.queue, runner_)};
    if (asked.prefetch > 0)
      share.others_free = free_elsewhere(change_, asked.queue, runner_);
    auto& window = windows_[asked.queue];
    bool wrapped = window == 0;
    int seen = 0;
    for (; seen < most_windows && !share.runs_alone; ++seen) {
      sqlite_lane_source source{change_, asked.queue, runner_, reply_};
      const auto lanes = look_at(asked.queue, window, source);
      if (std::ranges::any_of(lanes, [](const job_lane* each) { return each->runs_alone(); }))
        share.runs = runs_of(change_, asked.queue, runner_);
      static const known_tasks none;
      const auto before = reply_.jobs.size();
      choose_jobs(source, lanes, share, request_.tasks ? *request_.tasks : none, tallies_, turn);
      const auto given = reply_.jobs.size() - before;
      const auto to_slots = std::min(given, share.asked.free);
      share.runs_alone |= given != 0 && reply_.jobs.back().alone;
      share.asked.free -= to_slots;
      share.asked.prefetch -= given - to_slots;
      if (lanes.size() < lanes_in_window) {
        window = 0; // from the first one again
        if (std::exchange(wrapped, true))
          break;
      }
      if (share.asked.free == 0) // what was prefetched of one window is enough
        break;
    }
    if (seen == most_windows) // there are more
      reply_.again = std::min(reply_.again.value_or(next_windows), next_windows);
    change_.give_turn(asked.queue, static_cast<std::int64_t>(turn - first_turn));
    return share.asked.free;
  }

  bool are_written(std::span<const queue_share> shares) {
    std::map<std::string, std::pair<std::size_t, bool>> written;
    auto rows = change_.db().query(
        "SELECT queue, free, commands FROM main.taskactor_runner_queue WHERE runner = ?", runner_);
    while (rows.next())
      written[rows.string(0)] = {rows.size(1), rows.integer(2) != 0};
    return written == shares_by_name(shares);
  }

  std::vector<const job_lane*> look_at(const std::string& queue, std::int64_t& window,
                                       sqlite_lane_source& source) {
    std::vector<const job_lane*> lanes;
    auto rows = change_.db().query("SELECT id, ready, kind, task, version, limits, fairness, losses FROM "
                                   "main.taskactor_lane WHERE queue = ? AND id > ? ORDER BY id LIMIT ?",
                                   queue, window, lanes_in_window);
    while (rows.next()) {
      const auto id = rows.integer(0);
      const auto [at, is_new] = known_.try_emplace(id);
      if (is_new)
        at->second = {.id = id,
                      .kind = static_cast<job_kind>(rows.integer(2)),
                      .task = rows.string(3),
                      .version = rows.string(4),
                      .limits = limits_of(rows.text(5)),
                      .fairness_key = rows.string(6),
                      .losses = rows.size(7)};
      source.add(id, rows.integer(1));
      lanes.push_back(&at->second);
    }
    if (!lanes.empty())
      window = lanes.back()->id;
    return lanes;
  }

  sqlite_change& change_;
  const claim_request& request_;
  std::int64_t runner_;
  std::unordered_map<std::int64_t, job_lane>& known_;
  std::map<std::string, std::int64_t>& windows_;
  limit_tallies tallies_;
  claim_reply reply_;
};

/// Mostly a runner asks in vain: then it needn't lock out others, and one statement a queue will do.
bool sqlite_backend::has_nothing_for(const claim_request& request) {
  const auto told = memory_.told.find(request.runner);
  if (told == memory_.told.end() || !told->second.has_shares
      || told->second.shares != shares_by_name(request.shares))
    return false;
  return std::ranges::none_of(request.shares, [&](const queue_share& share) {
    return read_one([&] {
      return db_.number("SELECT EXISTS (SELECT 1 FROM main.taskactor_lane WHERE queue = ?)", share.queue)
             != 0;
    });
  });
}

claim_reply sqlite_backend::claim(const claim_request& request) {
  require_place();
  if (has_nothing_for(request))
    return {};
  if (const auto told = memory_.told.find(request.runner); told != memory_.told.end())
    told->second.has_shares = false;
  if (memory_.lanes.size() > most_known_lanes)
    memory_.lanes.clear();
  return write([&](sqlite_change& change) {
    const auto runner = runner_of(change, request.runner);
    if (runner.is_dead)
      return claim_reply{.jobs = {}, .expired = 0, .fenced = true};
    return sqlite_claim{change, request, runner.id, memory_.lanes, memory_.windows}.run();
  });
}

} // namespace taskactor::detail
