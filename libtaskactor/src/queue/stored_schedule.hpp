/// Schedules as rows of a store: what a backend has of them. It knows when one is due, and which of its jobs
/// haven't ended; what its texts say is the business of who writes them (`schedule_plan`).
///
/// Any process may write a row, and none is told of it: each write names the stamp that it has seen, and is
/// made if nobody else has written since. The jobs of a fire are pushed in the same transaction, so that a
/// fire is made once, or not at all. A write whose answer was lost is made again: it finds its own stamp.
///
/// The open jobs of a schedule are those that hold a key in its scope (`unique_until::ended`).
#pragma once

#include "queue/store_backend.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// The scope of the unique keys that a schedule's jobs have.
inline std::string schedule_scope(const std::string& name) { return "taskactor.schedule/" + name; }

struct schedule_row {
  std::string name;
  std::int64_t stamp = 0;        // another one with each write, at random; never zero
  std::optional<store_time> due; // when somebody is to look at it; none: nobody need
  std::string spec, state;       // JSON
};

/// Of one schedule. In a set they are made one after the other.
struct schedule_write {
  std::string name;
  std::int64_t from = 0;          // the stamp that it has; zero: there is no such schedule
  std::optional<schedule_row> to; // of the same name; none: it goes
  std::vector<new_job> jobs;      // pushed, if it is made; each with a request
};

struct schedule_written {
  bool done = false;              // false: it has another stamp by now, is there already, or has gone
  std::vector<push_reply> pushed; // if it is done
};

/// What a write meets.
enum class write_reply : std::uint8_t {
  write,    // the stamp that it has seen: it is to be made
  repeated, // its own: it was made before; its jobs are pushed again, and their requests are known
  other,    // another one
};
/// `stamp`: of the row; zero: there is none.
inline write_reply reply_to_write(const schedule_write& write, std::int64_t stamp) noexcept {
  if (stamp == write.from)
    return write_reply::write;
  return write.to && stamp == write.to->stamp ? write_reply::repeated : write_reply::other;
}

/// Of the writes that are done.
inline std::vector<new_job> jobs_of(std::span<const schedule_write> writes,
                                    std::span<const schedule_written> replies) {
  std::vector<new_job> jobs;
  for (std::size_t i = 0; i < writes.size(); ++i)
    if (replies[i].done)
      jobs.insert(jobs.end(), writes[i].jobs.begin(), writes[i].jobs.end());
  return jobs;
}
/// `pushed`: in the order of `jobs_of`. Each write that is done gets its own.
inline void add_pushed(std::span<const schedule_write> writes, std::span<schedule_written> replies,
                       std::span<const push_reply> pushed) {
  for (std::size_t i = 0; i < writes.size(); ++i)
    if (replies[i].done) {
      const auto own = pushed.first(writes[i].jobs.size());
      replies[i].pushed.assign(own.begin(), own.end());
      pushed = pushed.subspan(own.size());
    }
}

struct schedule_query {
  std::vector<std::string> names; // these, by name; none: see below
  bool due = false;               // those that are due, by when they are and by name
  std::optional<std::pair<store_time, std::string>> behind; // of those that are due
  std::string after;                                        // of all, by name: greater ones, byte by byte
  std::size_t most = 100;
};

struct stored_schedule {
  schedule_row row;
  std::vector<job_id> open; // by id
};

struct schedule_page {
  std::vector<stored_schedule> found;
  store_time now{};
  /// Of those that are due, and will be: the earliest behind what was found, and behind `behind`.
  std::optional<store_time> next_due;
};

/// Where `next_due` is looked for; none: from the first on.
inline std::optional<std::pair<store_time, std::string>> last_due(const schedule_page& page,
                                                                  const schedule_query& which) {
  if (!which.names.empty() || !which.due)
    return {};
  if (page.found.empty())
    return which.behind;
  const auto& row = page.found.back().row;
  return std::pair{*row.due, row.name};
}

} // namespace taskactor::detail
