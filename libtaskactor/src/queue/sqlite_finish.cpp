// What becomes of claims: their ends, the beats of who has them, and what is done when no beat comes.

#include "queue/sqlite_backend.hpp"
#include "queue/sqlite_output.hpp"
#include "queue/this_machine.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace taskactor::detail {

namespace {

using counter_pointer = std::uint64_t store_counters::*;

sqlite_count count_of(counter_pointer counter) noexcept {
  constexpr std::array<std::pair<counter_pointer, sqlite_count>, 8> all{
      {{&store_counters::succeeded, sqlite_count::succeeded},
       {&store_counters::failed, sqlite_count::failed},
       {&store_counters::cancelled, sqlite_count::cancelled},
       {&store_counters::expired, sqlite_count::expired},
       {&store_counters::quarantined, sqlite_count::quarantined},
       {&store_counters::retried, sqlite_count::retried},
       {&store_counters::snoozed, sqlite_count::snoozed},
       {&store_counters::released, sqlite_count::released}}};
  return std::ranges::find(all, counter, &std::pair<counter_pointer, sqlite_count>::first)->second;
}

/// Out of `running`, and to where the move says.
void move_running(sqlite_change& change, sqlite_running from, const job_move& move, std::string_view error,
                  std::string_view result) {
  change.db().run("DELETE FROM main.taskactor_running WHERE job = ?", from.job.id);
  change.count_running(from.job.queue, from.job.fairness_key, -1);
  if (!from.job.limits.empty())
    free_limits(change, from.job, move.gives_rate_back);
  if (move.expiry_goes && from.job.expires) {
    change.db().run("UPDATE main.taskactor_job SET expires = NULL WHERE id = ?", from.job.id);
    from.job.expires.reset();
  }
  from.tries.counts = move.counts;
  from.tries.had_begun |= move.expiry_goes;
  if (move.counter)
    change.count(count_of(move.counter));
  if (error.empty())
    error = move.error;
  if (!move.attempt.empty()) {
    if (move.attempt == lost_attempt)
      change.count(sqlite_count::lost);
    add_attempt(change, from.job.id, from.tries, move.attempt, error);
  }
  if (!error.empty() || move.to == job_state::succeeded)
    from.tries.error = error;
  if (move.to == job_state::ready && move.keeps_place)
    change.make_ready(from.job, from.tries, from.since, from.seq);
  else if (move.to == job_state::ready)
    change.make_ready(from.job, from.tries, change.now());
  else if (move.to == job_state::delayed)
    change.make_delayed(from.job, from.tries, *move.due);
  else
    change.end(from.job, from.tries, move.to, result, from.cancel);
}

/// Of a job that doesn't run, the last claim whose end was written; empty: there is no such job.
std::optional<claim_token> ended_token_of(sqlite_change& change, job_id id) {
  {
    auto rows = change.db().query("SELECT ended_token FROM main.taskactor_history WHERE job = ?", id);
    if (rows.next())
      return rows.integer(0);
  }
  const auto job = change.head(id);
  const auto waits = job ? change.find_waiting(*job) : std::nullopt;
  return waits ? std::optional{waits->tries.ended_token} : std::nullopt;
}

end_reply finish_row(sqlite_change& change, const job_end& end) {
  auto from = find_running(change, end.id);
  const auto ended = from ? std::optional<claim_token>{0} : ended_token_of(change, end.id);
  if (!ended)
    return end_reply::gone;
  const auto reply = reply_to_end(from.has_value(), from ? from->token : 0, *ended, end.token);
  if (reply == end_reply::stale)
    change.count(sqlite_count::stale);
  else if (reply == end_reply::repeated)
    change.count(sqlite_count::repeated);
  else {
    const auto move
        = move_at_end(end, from->tries.counts, from->begun || end.begun, from->cancel, change.now());
    from->tries.ended_token = end.token;
    move_running(change, std::move(*from), move, end.error, end.result);
  }
  return reply;
}

// -- runners ----------------------------------------------------------------

std::string tasks_text(const known_tasks& tasks) {
  auto all = nlohmann::json::array();
  for (const auto& [task, version] : tasks)
    all.push_back({task, version});
  return all.dump();
}

/// Running rows of a runner.
std::vector<job_id> claims_of(sqlite_change& change, std::int64_t runner) {
  std::vector<job_id> ids;
  auto rows = change.db().query("SELECT job FROM main.taskactor_running WHERE runner = ?", runner);
  while (rows.next())
    ids.push_back(rows.integer(0));
  return ids;
}

void write_note(sqlite_change& change, std::int64_t runner, const claim_note& note) {
  auto& db = change.db();
  bool begun = false;
  {
    auto rows
        = db.query("SELECT begun FROM main.taskactor_running WHERE job = ? AND token = ? AND runner = ?",
                   note.id, note.token, runner);
    if (!rows.next())
      return; // another claim has it
    begun = rows.integer(0) != 0;
  }
  if (note.begun && !begun) {
    db.run("UPDATE main.taskactor_running SET begun = 1, had_begun = 1, began = ? WHERE job = ?",
           change.now(), note.id);
    db.run("UPDATE main.taskactor_job SET expires = NULL WHERE id = ? AND expires IS NOT NULL", note.id);
  }
  if (note.has_progress)
    db.run("INSERT OR REPLACE INTO main.taskactor_progress VALUES(?, ?, ?, ?)", note.id, note.done,
           note.total, note.text);
  append_output(db, note.id, note.output);
  append_output(db, note.id, note.output_tail, note.output_lost);
}

/// All that it has claimed is released, and its row goes.
void let_go(sqlite_change& change, std::int64_t runner) {
  for (const auto job : claims_of(change, runner))
    if (auto from = find_running(change, job)) {
      const auto move = move_at_leave(from->tries.counts, from->begun, from->cancel, change.now());
      move_running(change, std::move(*from), move, {}, {});
    }
  write_shares(change, runner, {});
  change.db().run("DELETE FROM main.taskactor_runner WHERE id = ?", runner);
}

/// Whether somebody else was quicker, or it has beaten since.
std::int64_t find_lost(sqlite_change& change, const lost_runner& lost) {
  auto rows = change.db().query(
      "SELECT id FROM main.taskactor_runner WHERE name = ? AND incarnation = ? AND beat = ? "
      "AND dead = 0",
      lost.runner.name, lost.runner.incarnation, lost.beat);
  return rows.next() ? rows.integer(0) : 0;
}

struct written_beat {
  std::int64_t runner = 0;
  bool has_cancels = false, has_others = false;
};

/// Empty: its row is dead, or there is none.
std::optional<written_beat> write_beat(sqlite_change& change, const runner_beat& beat) {
  auto rows = change.db().query(
      "UPDATE main.taskactor_runner SET beat = beat + 1, seen = ?, host = ?, boot_id = ?, pid = ?, "
      "process_start = ? WHERE name = ? AND incarnation = ? AND dead = 0 RETURNING id, EXISTS (SELECT 1 FROM "
      "main.taskactor_running r WHERE r.runner = taskactor_runner.id AND r.cancel = 1), EXISTS (SELECT 1 "
      "FROM "
      "main.taskactor_runner o WHERE o.dead = 0 AND o.id <> taskactor_runner.id)",
      change.now(), beat.host, beat.boot_id, beat.pid, beat.process_start, beat.runner.name,
      beat.runner.incarnation);
  if (!rows.next())
    return {};
  return written_beat{
      .runner = rows.integer(0), .has_cancels = rows.integer(1) != 0, .has_others = rows.integer(2) != 0};
}

} // namespace

std::optional<sqlite_running> find_running(sqlite_change& change, job_id id) {
  auto rows = change.db().query(
      "SELECT " TASKACTOR_SQLITE_HEAD
      ", r.attempts, r.losses, r.snoozes, r.claims, r.had_begun, 0, r.error, n.name, r.began, r.token, "
      "r.seq, r.since, r.begun, r.cancel FROM main.taskactor_running r "
      "JOIN main.taskactor_job j ON j.id = r.job LEFT JOIN main.taskactor_runner n ON n.id = "
      "r.runner WHERE r.job = ?",
      id);
  if (!rows.next())
    return {};
  constexpr int next = sqlite_head_columns + sqlite_tries_columns;
  return sqlite_running{.job = read_head(rows),
                        .tries = read_tries(rows, sqlite_head_columns),
                        .token = rows.integer(next),
                        .seq = rows.integer(next + 1),
                        .since = rows.time(next + 2),
                        .begun = rows.integer(next + 3) != 0,
                        .cancel = rows.integer(next + 4) != 0};
}

sqlite_runner runner_of(sqlite_change& change, const runner_key& runner) {
  {
    auto rows
        = change.db().query("SELECT id, dead FROM main.taskactor_runner WHERE name = ? AND incarnation = ?",
                            runner.name, runner.incarnation);
    if (rows.next())
      return {.id = rows.integer(0), .is_dead = rows.integer(1) != 0};
  }
  const auto id = change.draw(sqlite_count::number); // which isn't used again
  change.db().run("INSERT INTO main.taskactor_runner VALUES(?, ?, ?, 0, 0, ?, '', '', 0, 0, '[]')", id,
                  runner.name, runner.incarnation, change.now());
  return {.id = id};
}

void write_shares(sqlite_change& change, std::int64_t runner, std::span<const queue_share> shares) {
  change.db().run("DELETE FROM main.taskactor_runner_queue WHERE runner = ?", runner);
  for (const auto& share : shares)
    change.db().run("INSERT OR REPLACE INTO main.taskactor_runner_queue VALUES(?, ?, ?, ?)", share.queue,
                    runner, share.free, share.commands);
}

std::map<std::string, std::pair<std::size_t, bool>> shares_by_name(std::span<const queue_share> shares) {
  std::map<std::string, std::pair<std::size_t, bool>> all;
  for (const auto& share : shares)
    all[share.queue] = {share.free, share.commands};
  return all;
}

// -- the verbs --------------------------------------------------------------

std::vector<end_reply> sqlite_backend::finish(const runner_key&, std::span<const job_end> ends) {
  return write([&](sqlite_change& change) {
    std::vector<end_reply> replies;
    replies.reserve(ends.size());
    for (const auto& end : ends)
      replies.push_back(finish_row(change, end));
    return replies;
  });
}

beat_reply sqlite_backend::renew(const runner_beat& beat) {
  auto& told = memory_.told[beat.runner];
  const auto known = std::exchange(told, {}); // should this fail, nothing is known
  auto now = known;
  auto reply = write([&](sqlite_change& change) {
    if (beat.leaves || !beat.notes.empty())
      if (const auto runner = runner_of(change, beat.runner); !runner.is_dead) {
        for (const auto& note : beat.notes)
          write_note(change, runner.id, note);
        if (beat.leaves) {
          let_go(change, runner.id);
          return beat_reply{};
        }
      }
    auto written = write_beat(change, beat);
    if (!written && !runner_of(change, beat.runner).is_dead) // it is made there
      written = write_beat(change, beat);
    if (!written)
      return beat_reply{.fenced = true, .to_cancel = {}};
    const auto before = known.runner == written->runner
                            ? known
                            : sqlite_claim_memory::told_by_beat{}; // else it was forgotten
    now = {.runner = written->runner, .tasks = before.tasks, .shares = shares_by_name(beat.shares)};
    if (!before.has_shares || before.shares != now.shares)
      write_shares(change, written->runner, beat.shares);
    now.has_shares = true;
    if (beat.tasks && before.tasks != beat.tasks) {
      change.db().run("UPDATE main.taskactor_runner SET tasks = ? WHERE id = ?", tasks_text(*beat.tasks),
                      written->runner);
      now.tasks = beat.tasks;
    }
    beat_reply answer{.fenced = false, .to_cancel = {}, .others = written->has_others};
    if (written->has_cancels) {
      auto rows = change.db().query(
          "SELECT job, token FROM main.taskactor_running WHERE runner = ? AND cancel = 1", written->runner);
      while (rows.next())
        answer.to_cancel.emplace_back(rows.integer(0), rows.integer(1));
    }
    return answer;
  });
  if (beat.leaves || reply.fenced)
    memory_.told.erase(beat.runner);
  else
    told = std::move(now);
  return reply;
}

rescue_reply sqlite_backend::rescue(std::span<const lost_runner> runners) {
  return write([&](sqlite_change& change) {
    rescue_reply reply;
    for (const auto& lost : runners) {
      const auto id = find_lost(change, lost);
      if (id == 0)
        continue;
      ++reply.runners;
      change.db().run("UPDATE main.taskactor_runner SET dead = 1, seen = ? WHERE id = ?", change.now(), id);
      for (const auto job : claims_of(change, id)) {
        auto from = find_running(change, job);
        if (!from)
          continue;
        const auto move
            = move_at_loss(from->tries.counts, from->begun, from->cancel, lost.runner.name, change.now());
        ++(from->begun ? reply.lost : reply.returned);
        reply.quarantined += static_cast<std::size_t>(move.to == job_state::quarantined);
        move_running(change, std::move(*from), move, {}, {});
      }
      write_shares(change, id, {});
    }
    return reply;
  });
}

std::vector<runner_row> sqlite_backend::runners() {
  return read_one([&] {
    std::vector<runner_row> all;
    auto rows = db_.query(
        "SELECT r.name, r.incarnation, r.beat, r.host, r.boot_id, r.pid, r.process_start, coalesce(c.claims, "
        "0), coalesce(c.cancels, 0) FROM main.taskactor_runner r LEFT JOIN (SELECT runner, count(*) AS "
        "claims, "
        "sum(cancel) AS cancels FROM main.taskactor_running GROUP BY runner) c ON c.runner = r.id WHERE "
        "r.dead "
        "= 0 ORDER BY r.name, r.id");
    while (rows.next())
      all.push_back(
          {.runner = {.name = rows.string(0), .incarnation = static_cast<std::uint64_t>(rows.integer(1))},
           .beat = static_cast<std::uint64_t>(rows.integer(2)),
           .host = rows.string(3),
           .boot_id = rows.string(4),
           .pid = rows.integer(5),
           .process_start = static_cast<std::uint64_t>(rows.integer(6)),
           .claims = rows.size(7),
           .cancels = rows.size(8)});
    return all;
  });
}

std::size_t sqlite_backend::restored() {
  return write([&](sqlite_change& change) {
    auto& db = change.db();
    std::vector<std::int64_t> all;
    {
      auto rows = db.query(
          "SELECT id, name, host, boot_id, pid, process_start, seen FROM main.taskactor_runner WHERE "
          "dead = 0");
      while (rows.next()) {
        const auto ago = change.now() - rows.time(6);
        const process_identity process{rows.string(2), rows.string(3), rows.integer(4),
                                       static_cast<std::uint64_t>(rows.integer(5))};
        if (ago < restored_lease && !this_machine::is_gone(process))
          refuse_restored(rows.string(1), process.host, process.pid, ago);
        all.push_back(rows.integer(0));
      }
    }
    db.run(
        "UPDATE main.taskactor_count SET value = ((value >> ?) + 1) << ? WHERE name IN ('number', 'token')",
        drawn_bits, drawn_bits);
    std::size_t claims = 0;
    for (const auto id : all) {
      for (const auto job : claims_of(change, id))
        if (auto from = find_running(change, job)) {
          const auto move = move_at_leave(from->tries.counts, from->begun, from->cancel, change.now());
          move_running(change, std::move(*from), move, {}, {});
          ++claims;
        }
      write_shares(change, id, {});
      db.run("UPDATE main.taskactor_runner SET dead = 1, seen = ? WHERE id = ?", change.now(), id);
    }
    return claims;
  });
}

} // namespace taskactor::detail
