// Schedules, as rows. See stored_schedule.hpp.

#include "queue/sqlite_backend.hpp"
#include "queue/sqlite_push.hpp"

#include <set>
#include <utility>

namespace taskactor::detail {

namespace {

/// Zero: there is no such schedule.
std::int64_t stamp_of(sqlite_database& db, const std::string& name) {
  auto rows = db.query("SELECT stamp FROM main.taskactor_schedule WHERE name = ?", name);
  return rows.next() ? rows.integer(0) : 0;
}

/// False: the row has another stamp.
bool write_row(sqlite_database& db, const schedule_write& write) {
  const auto reply = reply_to_write(write, stamp_of(db, write.name));
  if (reply != write_reply::write)
    return reply == write_reply::repeated;
  if (const auto& to = write.to)
    db.run("INSERT OR REPLACE INTO main.taskactor_schedule VALUES(?, ?, ?, ?, ?)", write.name, to->stamp,
           to->due, to->spec, to->state);
  else
    db.run("DELETE FROM main.taskactor_schedule WHERE name = ?", write.name);
  return true;
}

void add_rows(sqlite_rows&& rows, schedule_page& page) {
  while (rows.next())
    page.found.push_back({.row = {.name = rows.string(0),
                                  .stamp = rows.integer(1),
                                  .due = rows.maybe_time(2),
                                  .spec = rows.string(3),
                                  .state = rows.string(4)},
                          .open = {}});
}

void find_rows(sqlite_database& db, const schedule_query& which, schedule_page& page) {
  if (!which.names.empty()) {
    for (const auto& name : std::set<std::string>(which.names.begin(), which.names.end()))
      if (page.found.size() < which.most)
        add_rows(db.query("SELECT name, stamp, due, spec, state FROM main.taskactor_schedule WHERE name = ?",
                          name),
                 page);
  } else if (which.due) {
    const auto behind = which.behind.value_or(std::pair{store_time::min(), std::string{}});
    add_rows(db.query("SELECT name, stamp, due, spec, state FROM main.taskactor_schedule WHERE due IS NOT "
                      "NULL AND due <= ? AND (due, name) > (?, ?) ORDER BY due, name LIMIT ?",
                      page.now, behind.first, behind.second, which.most),
             page);
  } else {
    add_rows(db.query("SELECT name, stamp, due, spec, state FROM main.taskactor_schedule WHERE name > ? "
                      "ORDER BY name LIMIT ?",
                      which.after, which.most),
             page);
  }
}

/// By id.
std::vector<job_id> open_jobs(sqlite_database& db, const std::string& schedule) {
  std::vector<job_id> ids;
  for (auto rows = db.query("SELECT job FROM main.taskactor_unique_key WHERE scope = ? AND until IS NULL "
                            "ORDER BY job",
                            schedule_scope(schedule));
       rows.next();)
    ids.push_back(rows.integer(0));
  return ids;
}

} // namespace

std::vector<schedule_written> sqlite_write_schedules(sqlite_change& change,
                                                     std::span<const schedule_write> writes) {
  std::vector<schedule_written> replies;
  replies.reserve(writes.size());
  for (const auto& each : writes)
    replies.push_back({.done = write_row(change.db(), each), .pushed = {}});
  if (const auto jobs = jobs_of(writes, replies); !jobs.empty())
    add_pushed(writes, replies, push_rows(change, jobs));
  return replies;
}

schedule_page sqlite_schedules(sqlite_database& db, const schedule_query& which, store_time now) {
  const sqlite_transaction look{db, sqlite_lock::read};
  schedule_page page{.found = {}, .now = now, .next_due = {}};
  find_rows(db, which, page);
  for (auto& each : page.found)
    each.open = open_jobs(db, each.row.name);
  const auto last = last_due(page, which).value_or(std::pair{store_time::min(), std::string{}});
  auto first
      = db.query("SELECT due FROM main.taskactor_schedule WHERE due IS NOT NULL AND (due, name) > (?, ?) "
                 "ORDER BY due, name LIMIT 1",
                 last.first, last.second);
  if (first.next())
    page.next_due = first.time(0);
  return page;
}

} // namespace taskactor::detail
