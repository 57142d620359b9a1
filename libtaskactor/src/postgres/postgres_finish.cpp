// What becomes of claims: their ends, and the beats of who has them.

#include "postgres/postgres_backend.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr const char* running_of_jobs
    = "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES ", " TASKACTOR_POSTGRES_RUNNING
      " FROM @running r JOIN @job j ON j.id = r.job WHERE r.job = ANY($1::bigint[]) ORDER BY r.job FOR "
      "UPDATE OF r";
/// Of jobs that there are, wherever they are: the last claim whose end was written.
constexpr const char* ended_tokens = "SELECT j.id, coalesce(h.ended_token, d.ended_token, r.ended_token, 0) "
                                     "FROM @job j LEFT JOIN @history h ON h.job = "
                                     "j.id LEFT JOIN @delayed d ON d.job = j.id LEFT JOIN @ready r ON r.job "
                                     "= j.id WHERE j.id = ANY($1::bigint[])";

/// Parts of a set in which no job comes twice: each part sees what became of the one before.
template <class Item>
std::vector<std::span<const Item>> parts_of(std::span<const Item> all) {
  std::vector<std::span<const Item>> parts;
  std::set<job_id> seen;
  std::size_t from = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!seen.insert(all[i].id).second) {
      parts.push_back(all.subspan(from, i - from));
      seen = {all[i].id};
      from = i;
    }
  parts.push_back(all.subspan(from));
  return parts;
}

std::string tasks_text(const known_tasks& tasks) {
  auto all = nlohmann::json::array();
  for (const auto& [task, version] : tasks)
    all.push_back({task, version});
  return all.dump();
}

/// What is appended to outputs, in pieces of some KiB.
class output_pieces {
public:
  explicit output_pieces(const postgres_result& ends) {
    for (const auto row : ends)
      ends_[row.integer(0)] = row.integer(1);
  }
  /// `lost`: so many before these bytes that nobody has kept; then there are enough of these for a tail.
  void append(job_id job, std::string_view bytes, std::uint64_t lost = 0) {
    if (bytes.empty())
      return;
    auto& end = ends_[job];
    auto at = end + static_cast<std::int64_t>(lost);
    end = at + static_cast<std::int64_t>(bytes.size());
    if (at < head) {
      const auto to_head = bytes.substr(0, static_cast<std::size_t>(head - at));
      add(job, at, to_head);
      bytes.remove_prefix(to_head.size());
      at += static_cast<std::int64_t>(to_head.size());
    }
    if (static_cast<std::int64_t>(bytes.size()) > tail) {
      bytes.remove_prefix(bytes.size() - static_cast<std::size_t>(tail));
      at = end - tail;
    }
    for (; !bytes.empty(); at += piece) {
      add(job, at, bytes.substr(0, static_cast<std::size_t>(piece)));
      bytes.remove_prefix(std::min(bytes.size(), static_cast<std::size_t>(piece)));
    }
  }
  void write(postgres_batch& rest) const {
    if (pieces_.empty())
      return;
    rest.add("INSERT INTO @output SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])",
             postgres_values{}.add(pieces_));
    postgres_columns behind{2};
    for (const auto& [job, end] : ends_)
      if (end > head + tail)
        behind.add(job, end - tail);
    if (!behind.empty())
      rest.add("DELETE FROM @output o USING unnest($1::bigint[], $2::bigint[]) t(job, tail) WHERE o.job = "
               "t.job AND o.at "
               ">= $3 AND o.at + length(o.bytes) <= t.tail",
               postgres_values{}.add(behind).add(head));
  }

private:
  static constexpr std::int64_t piece = 8 * 1024;
  static constexpr auto head = static_cast<std::int64_t>(kept_output::head_size);
  static constexpr auto tail = static_cast<std::int64_t>(kept_output::tail_size);

  void add(job_id job, std::int64_t at, std::string_view bytes) {
    pieces_.add(job, at, postgres_bytes{bytes});
  }

  std::map<job_id, std::int64_t> ends_;
  postgres_columns pieces_{3};
};

bool has_output(const claim_note& note) { return !note.output.empty() || !note.output_tail.empty(); }

/// Of claims that the runner has; notes of others are dropped.
void write_notes(postgres_connection& connection, std::int64_t runner, std::span<const claim_note> notes,
                 store_time now, postgres_batch& rest, postgres_connection::clock::time_point until) {
  if (notes.empty())
    return;
  std::vector<job_id> ids, writers;
  for (const auto& note : notes) {
    ids.push_back(note.id);
    if (has_output(note))
      writers.push_back(note.id);
  }
  postgres_batch look;
  look.add("SELECT r.job, r.token, r.begun FROM @running r WHERE r.runner_id = $1 AND r.job = "
           "ANY($2::bigint[]) ORDER BY "
           "r.job FOR UPDATE",
           postgres_values{runner, array_of(ids)});
  look.add("SELECT DISTINCT ON (job) job, at + length(bytes) FROM @output WHERE job = ANY($1::bigint[]) "
           "ORDER BY job, at "
           "DESC",
           postgres_values{array_of(writers)});
  const auto found = connection.run(look, until);
  std::map<job_id, std::pair<claim_token, bool>> there;
  for (const auto row : found[0])
    there[row.integer(0)] = {row.integer(1), row.flag(2)};
  output_pieces output{found[1]};
  postgres_array begun;
  struct progress {
    std::uint64_t done, total;
    std::string text;
  };
  std::map<job_id, progress> last;
  for (const auto& note : notes) {
    const auto at = there.find(note.id);
    if (at == there.end() || at->second.first != note.token)
      continue; // another claim has it
    if (note.begun && !std::exchange(at->second.second, true))
      begun.add(note.id);
    if (note.has_progress)
      last[note.id] = {note.done, note.total, note.text};
    output.append(note.id, note.output);
    output.append(note.id, note.output_tail, note.output_lost);
  }
  if (begun.text() != "{}") {
    rest.add("UPDATE @running SET begun = true, had_begun = true, began = $2 WHERE job = ANY($1::bigint[])",
             postgres_values{begun, now});
    rest.add("UPDATE @job SET expires = NULL WHERE id = ANY($1::bigint[]) AND expires IS NOT NULL",
             postgres_values{begun});
  }
  postgres_columns progressed{4};
  for (const auto& [id, each] : last)
    progressed.add(id, each.done, each.total, each.text);
  if (!progressed.empty())
    rest.add(
        "INSERT INTO @progress SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) ON "
        "CONFLICT(job) DO UPDATE SET done = excluded.done, total = excluded.total, text = excluded.text",
        postgres_values{}.add(progressed));
  output.write(rest);
}

} // namespace

std::vector<end_reply> postgres_backend::finish(const runner_key&, std::span<const job_end> ends) {
  if (ends.empty())
    return {};
  return attempt_once<std::vector<end_reply>>([&](time end_time, auto& replies, auto& committed) {
    replies.reserve(ends.size());
    auto first = begin();
    first.add(own_transaction);
    store_time now{};
    transaction mine;
    const auto parts = parts_of(ends);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      postgres_array ids;
      for (const auto& end : parts[i])
        ids.add(end.id);
      first.add(running_of_jobs, postgres_values{ids}).add(ended_tokens, postgres_values{ids});
      const auto results = connection_.run(first, end_time);
      if (i == 0) {
        now = time_of(results[postgres_begin_size - 1]);
        mine = transaction_of(results[postgres_begin_size]);
      }
      first = {};
      postgres_change change{connection_, news_, now, end_time};
      std::map<job_id, postgres_running> running;
      for (const auto row : results[results.size() - 2])
        running.emplace(row.integer(0), read_running(row));
      std::map<job_id, claim_token> ended;
      for (const auto row : results.back())
        ended[row.integer(0)] = row.integer(1);
      for (const auto& end : parts[i]) {
        const auto from = running.find(end.id);
        const auto last = ended.find(end.id);
        const bool runs = from != running.end();
        if (!runs && last == ended.end()) {
          replies.push_back(end_reply::gone);
          continue;
        }
        const auto reply
            = reply_to_end(runs, runs ? from->second.token : 0, runs ? 0 : last->second, end.token);
        replies.push_back(reply);
        if (reply == end_reply::stale) {
          change.count(&store_counters::stale);
        } else if (reply == end_reply::repeated) {
          change.count(&store_counters::repeated);
        } else {
          auto& row = from->second;
          const auto move = move_at_end(end, row.tries.counts, row.begun || end.begun, row.cancel, now);
          row.tries.ended_token = end.token;
          change.move_running(std::move(row), move, end.error, end.result);
        }
      }
      postgres_batch rest;
      if (i + 1 == parts.size()) {
        rest.add("COMMIT");
        committed = mine;
      }
      change.flush(std::move(rest));
    }
  });
}

beat_reply postgres_backend::renew(const runner_beat& beat) {
  if (auto short_one = idle_.beat(beat))
    return *short_one;
  auto reply = make_beat(beat);
  if (!reply.fenced)
    idle_.has_beaten(beat);
  return reply;
}

beat_reply postgres_backend::make_beat(const runner_beat& beat) {
  return attempt([&](time end) {
    const auto incarnation = static_cast<std::int64_t>(beat.runner.incarnation);
    const postgres_values name{beat.runner.name, incarnation};
    auto first = begin();
    first.add("INSERT INTO @runner SELECT nextval('@number'), $1, $2, false, 0, @now_us(), '', '', 0, 0, "
              "'[]' WHERE NOT "
              "EXISTS (SELECT 1 FROM @runner WHERE name = $1 AND incarnation = $2) ON CONFLICT DO NOTHING",
              name);
    first.add("SELECT id, dead, beat FROM @runner WHERE name = $1 AND incarnation = $2 FOR UPDATE", name);
    const auto results = connection_.run(first, end);
    const auto now = time_of(results[postgres_begin_size - 1]);
    if (results.back().empty())
      throw postgres_error{errc::store_failed, "a runner's row has gone just now", postgres_trouble::again,
                           "40001"};
    const auto id = results.back().front().integer(0);
    if (results.back().front().flag(1)) {
      connection_.run("ROLLBACK", {}, end);
      doubts_.beats.erase(id);
      memory_.written_tasks.erase(id);
      return beat_reply{.fenced = true, .to_cancel = {}};
    }
    const auto counter = results.back().front().integer(2);
    auto notes = std::span<const claim_note>{beat.notes};
    const auto written = doubts_.beats[id].written(counter);
    doubts_.beats[id] = {.before = counter, .known = written, .notes = notes.size()};
    postgres_batch rest;
    write_notes(connection_, id, notes.subspan(std::min(notes.size(), written)), now, rest, end);
    postgres_change change{connection_, news_, now, end};
    if (beat.leaves) {
      change.flush(std::move(rest)); // what it notes, first
      const auto found = connection_.run(running_of_runners, postgres_values{array_of(std::vector{id})}, end);
      for (const auto row : found) {
        auto from = read_running(row);
        const auto move = move_at_leave(from.tries.counts, from.begun, from.cancel, now);
        change.move_running(std::move(from), move, {}, {});
      }
      postgres_batch last;
      last.add("DELETE FROM @runner_queue WHERE runner = $1", postgres_values{id});
      last.add("DELETE FROM @runner WHERE id = $1", postgres_values{id});
      last.add("COMMIT");
      change.flush(std::move(last));
      doubts_.beats.erase(id);
      memory_.written_tasks.erase(id);
      return beat_reply{};
    }
    rest.add("UPDATE @runner SET beat = beat + 1, seen = $2, host = $3, boot_id = $4, pid = $5, "
             "process_start = $6 WHERE id "
             "= $1",
             postgres_values{id, now, beat.host, beat.boot_id, beat.pid, beat.process_start});
    write_shares(rest, id, beat.shares);
    bool writes_tasks = false;
    if (const auto last = memory_.written_tasks.find(id);
        beat.tasks && (last == memory_.written_tasks.end() || last->second != beat.tasks)) {
      rest.add("UPDATE @runner SET tasks = $2 WHERE id = $1", postgres_values{id, tasks_text(*beat.tasks)});
      writes_tasks = true;
    }
    const auto at = rest.size();
    rest.add("SELECT job, token FROM @running WHERE runner_id = $1 AND cancel", postgres_values{id});
    rest.add("COMMIT");
    const auto made = change.flush(std::move(rest));
    doubts_.beats.erase(id);
    beat_reply answer;
    for (const auto row : made[at])
      answer.to_cancel.emplace_back(row.integer(0), row.integer(1));
    if (writes_tasks)
      memory_.written_tasks.insert_or_assign(id, beat.tasks);
    return answer;
  });
}

} // namespace taskactor::detail
