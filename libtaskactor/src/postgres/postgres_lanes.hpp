/// What a claim on PostgreSQL knows of its queues, once it has their locks, and the rows that it reads ahead:
/// all that `choose_jobs` asks for, so that it goes to the server only when a line was longer than that.
#pragma once

#include "postgres/postgres_change.hpp"
#include "queue/lane_choice.hpp"
#include "queue/store_backend.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// Rows of a lane and priority that are read at once.
inline constexpr std::size_t least_rows_ahead = 2, most_rows_ahead = 512;

struct postgres_line_row {
  std::int64_t seq = 0;
  job_id job = 0;
  std::optional<store_time> expires;
  store_time since{};
};

struct postgres_line {
  std::deque<postgres_line_row> rows;
  std::int64_t last_seq = 0;
  bool is_read = true; // to its end
};

using postgres_lines = std::map<int, postgres_line>; // those that have rows, by priority

/// What a claim knows of its queues, once it has their locks.
struct postgres_claim_view {
  std::map<std::string, std::map<std::string, std::size_t>> running; // by queue and fairness key
  std::map<std::string, std::size_t> free_elsewhere;
  struct own_runs {
    std::size_t count = 0;
    bool alone = false;
  };
  std::map<std::string, own_runs> own;
  std::map<std::string, limit_room> limits; // as they are set
  std::map<std::pair<std::string, std::string>, std::size_t> held;
  std::map<std::pair<std::string, std::string>, rate_point> buckets;
  std::map<std::string, std::uint64_t> turns; // of those that aren't paused
  std::set<std::string> paused;
};

struct postgres_chosen {
  std::int64_t lane = 0;
  int priority = 0;
  postgres_line_row row;
  bool alone = false;
};

/// The rows of one queue, for one claim.
class postgres_lane_source final : public lane_source {
public:
  postgres_lane_source(postgres_change& change, postgres_claim_view& view, const std::string& queue,
                       std::vector<postgres_chosen>& chosen, std::vector<postgres_chosen>& expired,
                       claim_reply& reply)
      : change_(change), view_(view), queue_(queue), chosen_(chosen), expired_(expired), reply_(reply) {}

  void add(std::int64_t lane) { lines_[lane]; }
  void add_rows(const postgres_result& found, std::size_t ahead) {
    std::map<std::pair<std::int64_t, int>, std::size_t> counts;
    for (const auto row : found) {
      const auto at = lines_.find(row.integer(0));
      if (at == lines_.end()) // made just now: the next claim sees it
        continue;
      auto& line = at->second[static_cast<int>(row.integer(1))];
      line.rows.push_back(
          {.seq = row.integer(2), .job = row.integer(3), .expires = row.maybe_time(4), .since = row.time(5)});
      line.last_seq = line.rows.back().seq;
      line.is_read = ++counts[{at->first, static_cast<int>(row.integer(1))}] < ahead;
    }
  }
  /// Where the lines begin now, as far as they were read.
  template <class Begins>
  void tell_begins(const Begins& begins) const {
    for (const auto& [lane, lines] : lines_)
      for (const auto& [priority, line] : lines)
        begins(lane, priority, line.rows.empty() ? line.last_seq + 1 : line.rows.front().seq);
  }
  std::vector<std::int64_t> empty_lanes() const {
    std::vector<std::int64_t> ids;
    for (const auto& [id, lines] : lines_)
      if (lines.empty())
        ids.push_back(id);
    return ids;
  }

  std::optional<lane_place> place(const job_lane& lane, lane_end which) override {
    const auto at = find(lane.id, which);
    if (at == lines_.at(lane.id).end())
      return {};
    const auto& row = at->second.rows.front();
    return lane_place{.priority = at->first, .seq = row.seq, .since = row.since};
  }

  void pop(const job_lane& lane, lane_end which) override {
    const auto at = find(lane.id, which);
    chosen_.push_back(
        {.lane = lane.id, .priority = at->first, .row = at->second.rows.front(), .alone = lane.runs_alone()});
    at->second.rows.pop_front();
    ++view_.running[queue_][lane.fairness_key];
  }

  std::size_t count(const job_lane& lane, std::size_t most) override {
    const auto& lines = lines_.at(lane.id);
    std::size_t known = 0;
    bool is_all = true;
    for (const auto& [priority, line] : lines) {
      known += line.rows.size();
      is_all &= line.is_read;
    }
    if (is_all || known >= most)
      return std::min(known, most);
    postgres_array seqs, priorities;
    for (const auto& [priority, line] : lines)
      if (!line.is_read) {
        priorities.add(priority);
        seqs.add(line.last_seq);
      }
    const auto more
        = change_.connection().run("SELECT count(*) FROM (SELECT 1 FROM unnest($2::smallint[], $3::bigint[]) "
                                   "p(priority, seq) CROSS JOIN LATERAL "
                                   "(SELECT 1 FROM @ready r WHERE r.lane = $1 AND r.priority = p.priority "
                                   "AND r.seq > p.seq LIMIT $4) one LIMIT $4) n",
                                   postgres_values{lane.id, priorities, seqs, most - known}, change_.until());
    return std::min(most, known + more.front().size(0));
  }

  std::size_t running(const std::string& fairness_key) override {
    const auto& all = view_.running[queue_];
    const auto at = all.find(fairness_key);
    return at == all.end() ? 0 : at->second;
  }

  limit_room room(const std::string& limit, const std::string& key) override {
    const auto at = view_.limits.find(limit);
    if (at == view_.limits.end())
      return {};
    auto room = at->second;
    if (const auto held = view_.held.find({limit, key}); held != view_.held.end())
      room.taken = held->second;
    if (const auto bucket = view_.buckets.find({limit, key}); bucket != view_.buckets.end())
      room.next = bucket->second;
    return room;
  }

private:
  /// The line at whose front the row stands; the end: there is none.
  postgres_lines::iterator find(std::int64_t lane, lane_end which) {
    auto& lines = lines_.at(lane);
    auto best = lines.end();
    for (auto at = lines.begin(); at != lines.end(); ++at)
      if (fill(lane, at->first, at->second)
          && (best == lines.end() || at->second.rows.front().seq < best->second.rows.front().seq)) {
        best = at;
        if (which == lane_end::head)
          return best;
      }
    return best;
  }

  /// Its front is a row that may run; false: it has none left.
  bool fill(std::int64_t lane, int priority, postgres_line& here) {
    for (;;) {
      if (here.rows.empty() && !here.is_read)
        read(lane, priority, here);
      if (here.rows.empty())
        return false;
      const auto& front = here.rows.front();
      if (!front.expires || *front.expires > change_.now())
        return true;
      if (expired_.size() == expired_at_once) {
        reply_.again = store_duration{0}; // the rest by the next claim
        return false;
      }
      expired_.push_back({.lane = lane, .priority = priority, .row = front});
      here.rows.pop_front();
    }
  }

  void read(std::int64_t lane, int priority, postgres_line& here) {
    const auto found = change_.connection().run(
        "SELECT r.seq, r.job, r.expires, r.since FROM @ready r WHERE r.lane = $1 AND r.priority = $2 AND "
        "r.seq > $3 ORDER BY r.seq LIMIT $4",
        postgres_values{lane, priority, here.last_seq, most_rows_ahead}, change_.until());
    for (const auto row : found)
      here.rows.push_back(
          {.seq = row.integer(0), .job = row.integer(1), .expires = row.maybe_time(2), .since = row.time(3)});
    here.is_read = here.rows.size() < most_rows_ahead;
    if (!here.rows.empty())
      here.last_seq = here.rows.back().seq;
  }

  postgres_change& change_;
  postgres_claim_view& view_;
  std::string queue_;
  std::vector<postgres_chosen>& chosen_;
  std::vector<postgres_chosen>& expired_;
  claim_reply& reply_;
  std::map<std::int64_t, postgres_lines> lines_;
};

} // namespace taskactor::detail
