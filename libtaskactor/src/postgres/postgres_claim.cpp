// Claims: which rows a runner gets (lane_choice.hpp decides), and what they become.
//
// Of one queue there is one claim at a time (an advisory lock until its commit), so that who is next is
// decided by what there is. Limits, which queues share, are locked in their rows, and counted by later
// statements: one that locked and counted would count by a snapshot that is older than its wait.

#include "postgres/postgres_backend.hpp"
#include "postgres/postgres_lanes.hpp"
#include "queue/lane_choice.hpp"
#include "queue/stored_limits.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace taskactor::detail {

namespace {

/// What is remembered of runners between claims.
constexpr std::size_t most_known_runners = 1'000;
/// With so many lanes those are dropped that a claim has found without jobs; prune drops the others.
constexpr std::size_t many_lanes = 64;

/// By number, since two names may have one: who locks several waits for nobody who waits for him. Other
/// stores of the database have other numbers.
constexpr const char* lock_queues
    = "SELECT pg_advisory_xact_lock(1953066867, h) FROM (SELECT DISTINCT hashtext('@' || n) AS h FROM "
      "unnest($1::text[]) q(n) ORDER BY h) o";

claimed_job read_claimed(const postgres_result::row& row) {
  const auto head = read_job(row);
  const auto tries = read_tries(row, postgres_job_columns);
  constexpr int next = postgres_job_columns + postgres_tries_columns;
  claimed_job job{.id = head.id, .token = row.integer(next), .pushed = head.pushed};
  job.attempts = tries.counts.attempts;
  job.losses = tries.counts.losses;
  job.snoozes = tries.counts.snoozes;
  job.mark_first = is_silent(tries.counts, static_cast<std::size_t>(tries.claims));
  job.alone = row.flag(next + 1);
  auto& of = job.row;
  of.queue = head.queue;
  of.task = head.task;
  of.kind = head.kind;
  of.priority = head.priority;
  of.limits = limits_of(head.limits);
  of.fairness_key = head.fairness_key;
  of.keep = head.keep;
  of.version = head.version;
  if (!row.is_null(next + 2))
    of.timeout = store_duration{row.integer(next + 2)};
  of.retry = {.max_attempts = row.size(next + 3),
              .backoff = {.first = std::chrono::nanoseconds{row.integer(next + 4)},
                          .factor = row.real(next + 5),
                          .max = std::chrono::nanoseconds{row.integer(next + 6)},
                          .jitter = std::chrono::nanoseconds{row.integer(next + 7)}}};
  if (row.text(next + 8) != "[]")
    of.tags = nlohmann::json::parse(row.text(next + 8)).get<std::vector<std::string>>();
  of.trace = row.string(next + 9);
  of.arguments = row.string(next + 10);
  return job;
}

/// Of which it may have jobs.
std::set<std::string> queues_of(const claim_request& request) {
  std::set<std::string> queues;
  for (const auto& share : request.shares)
    if (share.free + share.prefetch > 0)
      queues.insert(share.queue);
  return queues;
}

void come_again(claim_reply& reply, store_duration in) {
  in = std::max(in, store_duration{0});
  reply.again = std::min(reply.again.value_or(in), in);
}

} // namespace

/// One claim.
class postgres_claim {
public:
  postgres_claim(postgres_connection& connection, postgres_news& news, const claim_request& request,
                 postgres_claim_memory& memory, postgres_connection::clock::time_point until)
      : connection_(connection),
        news_(news),
        request_(request),
        memory_(memory),
        until_(until),
        queues_(queues_of(request)) {}

  claim_reply run(postgres_batch first, const std::function<store_time(const postgres_result&)>& time_of) {
    const auto at_time = first.size() - 1;
    ask(first);
    const auto results = connection_.run(first, until_);
    // The time is asked for again, behind the wait for the locks.
    const auto now = time_of(results[at_time + now_place]);
    memory_.marks.drawn(results[at_time + now_place].front().integer(1), sweep_.began);
    postgres_change change{connection_, news_, now, until_};
    if (!hear(std::span{results}.subspan(at_time + 1))) {
      connection_.run("ROLLBACK", {}, until_);
      return {.jobs = {}, .expired = 0, .fenced = true};
    }
    limit_tallies tallies{now};
    auto left = request_.shares;
    for (std::size_t i = 0; i < left.size(); ++i)
      if (queues_.contains(left[i].queue) && !view_.paused.contains(left[i].queue))
        left[i].free = serve(change, left[i], i, tallies);
    if (!reply_.again)
      reply_.again = tallies.again();
    take(change);
    finish(change, tallies, left);
    for (const auto& [queue, line, seq] : sweep_.begins)
      memory_.marks.begins(queue, line, seq, sweep_.began);
    return std::move(reply_);
  }
  /// The reply, though nobody knows whether it was committed. Empty: it can't have been.
  std::optional<claim_reply> uncertain() {
    return is_under_way_ ? std::optional{std::move(reply_)} : std::nullopt;
  }

private:
  static constexpr std::size_t now_place = 5;

  void ask(postgres_batch& first) {
    const auto queues = array_of(queues_);
    const auto name = request_.runner.name;
    const auto incarnation = static_cast<std::int64_t>(request_.runner.incarnation);
    const auto ahead = ahead_of_all();
    first.add(lock_queues, postgres_values{queues});
    // The names are kept: what is counted by later statements is of these, and lanes with others, which were
    // made in between, are passed over.
    first.add(
        "WITH n AS MATERIALIZED (SELECT DISTINCT unnest(limit_names) AS name FROM @lane WHERE queue = "
        "ANY($1::text[]) AND limit_names <> '{}'), l AS MATERIALIZED (SELECT * FROM @limits WHERE name IN "
        "(SELECT name FROM n) ORDER BY name FOR UPDATE), k AS MATERIALIZED (SELECT "
        "set_config('taskactor.limits', coalesce(array_agg(name), '{}')::text, true) FROM n) SELECT "
        "n.name, l.capacity, l.rate_count, l.rate_period, l.rate_burst FROM k CROSS JOIN n LEFT JOIN l ON "
        "l.name = n.name",
        postgres_values{queues});
    first.add("INSERT INTO @runner SELECT nextval('@number'), $1, $2, false, 0, @now_us(), '', '', 0, 0, "
              "'[]' WHERE NOT EXISTS (SELECT 1 FROM @runner WHERE name = $1 AND incarnation = $2) ON "
              "CONFLICT DO NOTHING",
              postgres_values{name, incarnation});
    first.add("SELECT id, dead FROM @runner WHERE name = $1 AND incarnation = $2 FOR SHARE",
              postgres_values{name, incarnation});
    first.add("SELECT @now_us(), (SELECT last_value FROM @number), (SELECT last_value FROM @token)");
    first.add("SELECT name, paused, turn FROM @queue WHERE name = ANY($1::text[])", postgres_values{queues});
    first.add(
        "SELECT h.name, h.key, sum(h.tokens)::bigint FROM @held h JOIN @limits l ON l.name = h.name WHERE "
        "l.capacity IS NOT NULL AND h.name = ANY(nullif(current_setting('taskactor.limits', true), "
        "'')::text[]) "
        "GROUP BY h.name, h.key");
    first.add(
        "SELECT name, key, next FROM @bucket WHERE name = ANY(nullif(current_setting('taskactor.limits', "
        "true), '')::text[])");
    first.add(
        "SELECT queue, fairness, count(*) FROM @running WHERE queue = ANY($1::text[]) AND (SELECT "
        "count(DISTINCT fairness) FROM @lane WHERE queue = ANY($1::text[])) > 1 GROUP BY queue, fairness",
        postgres_values{queues});
    first.add(
        "SELECT r.queue, count(*), bool_or(r.alone), min(r.token) FROM @running r JOIN @runner n ON n.id "
        "= r.runner_id WHERE n.name = $2 AND n.incarnation = $3 AND r.queue = ANY($1::text[]) AND "
        "r.token > $4 GROUP BY r.queue",
        postgres_values{queues, name, incarnation, memory_.first_token(request_.runner, queues_)});
    first.add("SELECT q.queue, sum(q.free)::bigint FROM @runner_queue q JOIN @runner r ON r.id = q.runner "
              "WHERE q.queue = "
              "ANY($1::text[]) AND NOT r.dead AND (r.name <> $2 OR r.incarnation <> $3) GROUP BY q.queue",
              postgres_values{queues, name, incarnation});
    first.add("SELECT q.queue, q.free, q.commands FROM @runner_queue q JOIN @runner r ON r.id = q.runner "
              "WHERE r.name = $1 "
              "AND r.incarnation = $2",
              postgres_values{name, incarnation});
    for (const auto& share : request_.shares)
      if (queues_.contains(share.queue)) {
        if (memory_.marks.may_sweep(share.queue, sweep_.began))
          sweep_.queues.insert(share.queue);
        ask_lanes(first, share.queue, ahead);
        first.add("SELECT @now_us()");
      }
  }
  std::size_t ahead_of_all() const {
    std::size_t wanted = 0;
    for (const auto& share : request_.shares)
      wanted = std::max(wanted, share.free + share.prefetch);
    return std::clamp(wanted, least_rows_ahead, most_rows_ahead);
  }
  void ask_lanes(postgres_batch& batch, const std::string& queue, std::size_t ahead) {
    batch.add("SELECT id, kind, task, version, limits, fairness, losses FROM @lane WHERE queue = $1 AND id > "
              "$2 ORDER BY "
              "id LIMIT $3",
              postgres_values{queue, memory_.windows[queue], lanes_in_window});
    postgres_columns marks{3};
    if (!sweep_.queues.contains(queue))
      for (const auto& [line, seq] : memory_.marks.of(queue))
        marks.add(line.first, line.second, seq);
    batch.add(
        "WITH w AS MATERIALIZED (SELECT id FROM @lane WHERE queue = $1 AND id > $2 ORDER BY id LIMIT "
        "$3), n AS "
        "MATERIALIZED (SELECT greatest(2, least($4::bigint, 4 * $4::bigint / greatest(count(*), 1))) "
        "AS ahead FROM w) "
        "SELECT w.id, r.priority, r.seq, r.job, r.expires, r.since, (SELECT ahead FROM n) FROM w CROSS JOIN "
        "generate_series(0, 9) p(priority) LEFT JOIN unnest($5::bigint[], $6::smallint[], $7::bigint[]) "
        "m(lane, priority, seq) ON m.lane = w.id AND m.priority = p.priority CROSS JOIN LATERAL (SELECT "
        "* FROM @ready r WHERE r.lane = w.id AND r.priority = p.priority AND r.seq >= coalesce(m.seq, 0) "
        "ORDER BY r.seq LIMIT (SELECT ahead FROM n)) r ORDER BY w.id, r.priority, r.seq",
        postgres_values{queue, memory_.windows[queue], lanes_in_window, ahead}.add(marks));
  }

  bool hear(std::span<const postgres_result> results) {
    for (const auto row : results[1]) {
      limit_room& room = view_.limits[row.string(0)];
      if (!row.is_null(1))
        room.capacity = row.size(1);
      if (!row.is_null(2))
        room.rate = taskactor::rate{
            .count = row.size(2), .period = std::chrono::nanoseconds{row.integer(3)}, .burst = row.size(4)};
    }
    if (results[3].empty())
      throw postgres_error{errc::store_failed, "a runner's row has gone just now", postgres_trouble::again,
                           "40001"};
    runner_ = results[3].front().integer(0);
    if (results[3].front().flag(1))
      return false;
    for (const auto row : results[5]) {
      if (row.flag(1))
        view_.paused.insert(row.string(0));
      view_.turns[row.string(0)] = static_cast<std::uint64_t>(row.integer(2));
    }
    for (const auto row : results[6])
      view_.held[{row.string(0), row.string(1)}] = row.size(2);
    for (const auto row : results[7])
      view_.buckets[{row.string(0), row.string(1)}] = rate_point{std::chrono::nanoseconds{row.integer(2)}};
    for (const auto row : results[8])
      view_.running[row.string(0)][row.string(1)] = row.size(2);
    auto& before_own = memory_.before_own[request_.runner];
    for (const auto& queue : queues_)
      before_own[queue] = results[now_place - 1].front().integer(2);
    for (const auto row : results[9]) {
      view_.own[row.string(0)] = {.count = row.size(1), .alone = row.flag(2)};
      before_own[row.string(0)] = row.integer(3) - 1;
    }
    for (const auto row : results[10])
      view_.free_elsewhere[row.string(0)] = row.size(1);
    for (const auto row : results[11])
      written_[row.string(0)] = {row.size(1), row.flag(2)};
    std::size_t next = 12;
    auto before = results[now_place - 1].front().time(0);
    for (std::size_t i = 0; i < request_.shares.size(); ++i)
      if (queues_.contains(request_.shares[i].queue)) {
        first_lanes_.emplace(i, std::pair{&results[next], &results[next + 1]});
        const auto& queue = request_.shares[i].queue;
        const auto done = results[next + 2].front().time(0);
        if (sweep_.queues.contains(queue))
          memory_.marks.swept(queue, postgres_connection::clock::now(), done - before);
        before = done;
        next += 3;
      }
    return true;
  }

  struct lane_window {
    std::vector<const job_lane*> lanes; // that can be served
    bool is_last = false;
  };
  lane_window lanes_of(const postgres_result& lanes, const postgres_result& rows, std::int64_t& window,
                       postgres_lane_source& source) {
    lane_window seen{.is_last = static_cast<std::size_t>(lanes.rows()) < lanes_in_window};
    for (const auto row : lanes) {
      const auto id = row.integer(0);
      const auto [at, is_new] = memory_.lanes.try_emplace(id);
      if (is_new)
        at->second = {.id = id,
                      .kind = static_cast<job_kind>(row.integer(1)),
                      .task = row.string(2),
                      .version = row.string(3),
                      .limits = limits_of(row.text(4)),
                      .fairness_key = row.string(5),
                      .losses = row.size(6)};
      window = id;
      if (std::ranges::any_of(at->second.limits,
                              [&](const job_limit& each) { return !view_.limits.contains(each.name); })) {
        reply_.again = store_duration{0}; // made just now: the next claim has its limits
        continue;
      }
      source.add(id);
      seen.lanes.push_back(&at->second);
    }
    source.add_rows(rows, rows.empty() ? 0 : rows.front().size(6));
    return seen;
  }

  /// What the share's slots still lack after it.
  std::size_t serve(postgres_change& change, const queue_share& asked, std::size_t number,
                    limit_tallies& tallies) {
    auto& turn = view_.turns[asked.queue];
    const auto first_turn = turn;
    claim_share share{.asked = asked,
                      .runs = view_.own[asked.queue].count,
                      .runs_alone = view_.own[asked.queue].alone,
                      .others_free = view_.free_elsewhere[asked.queue]};
    auto& window = memory_.windows[asked.queue];
    bool wrapped = window == 0;
    int seen = 0;
    for (; seen < most_windows && !share.runs_alone; ++seen) {
      postgres_lane_source source{change, view_, asked.queue, chosen_, expired_, reply_};
      lane_window found;
      if (seen == 0) {
        const auto& [which, rows] = first_lanes_.at(number);
        found = lanes_of(*which, *rows, window, source);
      } else {
        postgres_batch next;
        ask_lanes(next, asked.queue, ahead_of_all());
        const auto results = connection_.run(next, until_);
        found = lanes_of(results[0], results[1], window, source);
      }
      if (found.lanes.size() > many_lanes)
        for (const auto id : source.empty_lanes())
          empty_.push_back(id);
      static const known_tasks none;
      const auto before = chosen_.size();
      choose_jobs(source, found.lanes, share, request_.tasks ? *request_.tasks : none, tallies, turn);
      source.tell_begins([&](std::int64_t lane, int priority, std::int64_t seq) {
        sweep_.begins.emplace_back(asked.queue, postgres_marks::line{lane, priority}, seq);
      });
      const auto given = chosen_.size() - before;
      const auto to_slots = std::min(given, share.asked.free);
      share.runs += given;
      view_.own[asked.queue].count += given;
      share.runs_alone |= given != 0 && chosen_.back().alone;
      share.asked.free -= to_slots;
      share.asked.prefetch -= given - to_slots;
      if (found.is_last) {
        window = 0; // from the first one again
        if (std::exchange(wrapped, true))
          break;
      }
      if (share.asked.free == 0) // what was prefetched of one window is enough
        break;
    }
    if (seen == most_windows) // there are more
      come_again(reply_, next_windows);
    if (share.asked.free > 0 && !sweep_.queues.contains(asked.queue)
        && !memory_.marks.of(asked.queue).empty())
      come_again(reply_,
                 std::chrono::ceil<store_duration>(memory_.marks.next_sweep(asked.queue) - sweep_.began));
    if (turn != first_turn)
      turned_.add(asked.queue, static_cast<std::int64_t>(turn - first_turn));
    return share.asked.free;
  }

  /// Out of the lines, if nobody else has them.
  void take(postgres_change& change) {
    postgres_batch moves;
    postgres_columns rows{5};
    std::int64_t number = 0;
    for (const auto& each : chosen_)
      rows.add(++number, each.lane, each.priority, each.row.seq, each.alone);
    if (!rows.empty())
      moves.add(
          "WITH w AS MATERIALIZED (SELECT t.n, t.alone, r.* FROM unnest($1::bigint[], $2::bigint[], "
          "$3::smallint[], $4::bigint[], $5::boolean[]) t(n, lane, priority, seq, alone) JOIN @ready r ON "
          "r.lane = t.lane "
          "AND r.priority = t.priority AND r.seq = t.seq FOR UPDATE OF r SKIP LOCKED), gone AS (DELETE FROM "
          "@ready r USING w WHERE r.lane = w.lane AND r.priority = w.priority AND r.seq = w.seq), drawn AS "
          "MATERIALIZED (SELECT o.*, nextval('@token') AS token FROM (SELECT * FROM w ORDER BY n) o), made "
          "AS (INSERT "
          "INTO @running SELECT r.job, r.token, $6, j.queue, j.fairness, r.seq, r.since, false, r.alone, "
          "false, "
          "r.attempts, r.losses, r.snoozes, r.claims + 1, r.had_begun, 0, r.error, $7, $8 FROM drawn r JOIN "
          "@job j ON j.id = r.job) SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
          ", r.token, r.alone, j.timeout, j.max_attempts, j.backoff_first, j.backoff_factor, j.backoff_max, "
          "j.backoff_jitter, j.tags, j.trace, j.arguments FROM drawn r JOIN @job j ON j.id = r.job ORDER BY "
          "r.n",
          postgres_values{}.add(rows).add(runner_).add(request_.runner.name).add(change.now()));
    postgres_array gone;
    for (const auto& each : expired_)
      gone.add(each.row.job);
    if (!expired_.empty())
      moves.add("SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
                " FROM @ready r JOIN @job j ON j.id = r.job WHERE r.job = ANY($1::bigint[]) ORDER BY r.job "
                "FOR UPDATE OF "
                "r SKIP LOCKED",
                postgres_values{gone});
    if (moves.empty())
      return;
    const auto results = connection_.run(moves, until_);
    std::size_t next = 0;
    if (!rows.empty())
      for (const auto row : results[next++]) {
        reply_.jobs.push_back(read_claimed(row));
        const auto head = read_job(row);
        if (head.until == unique_until::started)
          change.drop_key(head);
        if (!row.is_null(postgres_job_columns + postgres_tries_columns - 1)) // it isn't the first claim
          again_.add(head.id);
      }
    if (!expired_.empty())
      for (const auto row : results[next]) {
        auto tries = read_tries(row, postgres_job_columns);
        tries.error = expired_error;
        change.leave_waiting(row.integer(0));
        change.end(read_job(row), tries, job_state::expired);
        change.count(&store_counters::expired);
        ++reply_.expired;
      }
    change.count(&store_counters::claimed, static_cast<std::int64_t>(reply_.jobs.size()));
  }

  void finish(postgres_change& change, const limit_tallies& tallies, const std::vector<queue_share>& left) {
    postgres_batch rest;
    postgres_columns held{4}, buckets{3};
    for (const auto& job : reply_.jobs)
      for (const auto& each : job.row.limits)
        held.add(each.name, each.key, job.id, each.tokens);
    if (!held.empty())
      rest.add("INSERT INTO @held SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])",
               postgres_values{}.add(held));
    for (const auto& [key, room] : tallies.rooms())
      if (room.rate) {
        const auto before = view_.buckets.find(key);
        const auto was = before == view_.buckets.end() ? rate_point{} : before->second;
        if (room.next != was)
          buckets.add(key.first, key.second, room.next.time_since_epoch());
      }
    if (!buckets.empty())
      rest.add("INSERT INTO @bucket SELECT name, key, next FROM unnest($1::text[], $2::text[], $3::bigint[]) "
               "t(name, key, "
               "next) ORDER BY name, key ON CONFLICT(name, key) DO UPDATE SET next = excluded.next",
               postgres_values{}.add(buckets));
    if (again_.text() != "{}")
      rest.add("DELETE FROM @progress WHERE job = ANY($1::bigint[])", postgres_values{again_});
    if (!turned_.empty())
      rest.add(
          "INSERT INTO @queue SELECT queue, false, sum(turns) FROM unnest($1::text[], $2::bigint[]) t(queue, "
          "turns) "
          "GROUP BY queue ORDER BY queue ON CONFLICT(name) DO UPDATE SET turn = @queue.turn + excluded.turn",
          postgres_values{}.add(turned_));
    if (std::map<std::string, std::pair<std::size_t, bool>> now; true) {
      for (const auto& share : left)
        now[share.queue] = {share.free, share.commands};
      if (now != written_)
        write_shares(rest, runner_, left);
    }
    if (!empty_.empty())
      rest.add("SELECT @drop_lanes($1::bigint[])", postgres_values{array_of(empty_)});
    rest.add("COMMIT");
    is_under_way_ = true;
    change.flush(std::move(rest));
  }

  postgres_connection& connection_;
  postgres_news& news_;
  const claim_request& request_;
  postgres_claim_memory& memory_;
  struct sweep_state {
    postgres_marks::time began = postgres_connection::clock::now();
    std::set<std::string> queues; // of which all is read
    std::vector<std::tuple<std::string, postgres_marks::line, std::int64_t>> begins;
  };
  sweep_state sweep_;
  postgres_connection::clock::time_point until_;
  std::set<std::string> queues_;
  postgres_claim_view view_;
  std::map<std::size_t, std::pair<const postgres_result*, const postgres_result*>> first_lanes_; // by share
  std::map<std::string, std::pair<std::size_t, bool>> written_;
  std::int64_t runner_ = 0;
  std::vector<postgres_chosen> chosen_, expired_;
  std::vector<std::int64_t> empty_;
  postgres_array again_;
  postgres_columns turned_{2};
  claim_reply reply_;
  bool is_under_way_ = false; // it may have been committed
};

void write_shares(postgres_batch& rest, std::int64_t runner, std::span<const queue_share> shares) {
  std::map<std::string, std::pair<std::size_t, bool>> last;
  for (const auto& share : shares)
    last[share.queue] = {share.free, share.commands};
  postgres_columns rows{4};
  for (const auto& [queue, share] : last)
    rows.add(queue, runner, share.first, share.second);
  rest.add("DELETE FROM @runner_queue WHERE runner = $1 AND queue <> ALL($2::text[])",
           postgres_values{runner, rows.arrays()[0]});
  if (!rows.empty())
    rest.add(
        "INSERT INTO @runner_queue SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], "
        "$4::boolean[]) ON "
        "CONFLICT(queue, runner) DO UPDATE SET free = excluded.free, commands = excluded.commands WHERE "
        "(@runner_queue.free, @runner_queue.commands) IS DISTINCT FROM (excluded.free, excluded.commands)",
        postgres_values{}.add(rows));
}

claim_token postgres_claim_memory::first_token(const runner_key& runner,
                                               const std::set<std::string>& queues) const {
  const auto known = before_own.find(runner);
  if (known == before_own.end())
    return 0;
  auto first = std::numeric_limits<claim_token>::max();
  for (const auto& queue : queues) {
    const auto at = known->second.find(queue);
    first = std::min(first, at == known->second.end() ? 0 : at->second);
  }
  return first;
}

claim_reply postgres_backend::claim(const claim_request& request) {
  notices_.serve(request.shares);
  if (!doubts_.claim && idle_.has_nothing(request))
    return {};
  auto reply = make_claim(request);
  idle_.claimed(request, reply);
  return reply;
}

claim_reply postgres_backend::make_claim(const claim_request& request) {
  if (memory_.lanes.size() > most_known_lanes)
    memory_.lanes.clear();
  if (memory_.before_own.size() > most_known_runners)
    memory_.before_own.clear();
  bool is_this_one = false; // that is in doubt
  return attempt([&](time end) {
    if (doubts_.claim) {
      auto there = claims_in_doubt(end);
      if (is_this_one && !there.empty())
        return std::move(std::exchange(doubts_.claim, {})->reply);
      // Its runner has been told that it failed.
      if (!there.empty()) {
        const within this_call{*this, end};
        finish(doubts_.claim->runner, there);
      }
      doubts_.claim.reset();
    }
    postgres_claim one{connection_, news_, request, memory_, end};
    try {
      return one.run(begin(), [this](const postgres_result& said) { return time_of(said); });
    } catch (const postgres_error& why) {
      if (why.kind() == postgres_trouble::lost || why.kind() == postgres_trouble::late)
        if (auto reply = one.uncertain(); reply && !reply->jobs.empty()) {
          is_this_one = true;
          doubts_.claim = doubtful_claim{request.runner, std::move(*reply), array_of(queues_of(request))};
        }
      throw;
    }
  });
}

/// The server may be at it still: whoever has made it holds its queues' locks until it is decided. Its
/// runner's: if the server has crashed instead, others may have its tokens.
std::vector<job_end> postgres_backend::claims_in_doubt(time end) {
  postgres_columns tokens{2};
  for (const auto& job : doubts_.claim->reply.jobs)
    tokens.add(job.id, job.token);
  auto look = begin();
  look.add(lock_queues, postgres_values{doubts_.claim->queues});
  look.add(
      "SELECT r.job, r.token FROM @running r JOIN unnest($1::bigint[], $2::bigint[]) t(job, token) ON t.job "
      "= r.job AND t.token = r.token JOIN @runner n ON n.id = r.runner_id WHERE n.name = $3 AND "
      "n.incarnation = $4",
      postgres_values{}
          .add(tokens)
          .add(doubts_.claim->runner.name)
          .add(static_cast<std::int64_t>(doubts_.claim->runner.incarnation)));
  look.add("COMMIT");
  std::vector<job_end> there;
  const auto results = connection_.run(look, end);
  for (const auto row : results[postgres_begin_size + 1]) {
    job_end released{.id = row.integer(0), .token = row.integer(1), .how = claim_end::released};
    released.begun = false;
    there.push_back(std::move(released));
  }
  return there;
}

} // namespace taskactor::detail
