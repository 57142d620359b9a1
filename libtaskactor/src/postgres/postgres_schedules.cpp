// Schedules, as rows. See stored_schedule.hpp.

#include "postgres/postgres_backend.hpp"

#include <map>
#include <utility>

namespace taskactor::detail {

namespace {

/// The rows of a set of writes: locked first, decided on here, and written at once.
class postgres_schedule_writes {
public:
  explicit postgres_schedule_writes(std::span<const schedule_write> writes) : writes_(writes) {
    for (const auto& each : writes)
      rows_[each.name].may_come |= each.from == 0 && each.to;
  }

  /// Its last statement locks them all. One that may come is there from then on, without a stamp: so whoever
  /// adds one of the same name waits.
  void ask(postgres_batch& first) const {
    postgres_array names, may_come;
    bool is_any = false;
    for (const auto& [name, row] : rows_) {
      names.add(name);
      if (row.may_come) {
        may_come.add(name);
        is_any = true;
      }
    }
    if (is_any)
      first.add("INSERT INTO @schedule SELECT name, 0, NULL, '', '' FROM unnest($1::text[]) n(name) ORDER BY "
                "name COLLATE \"C\" ON CONFLICT DO NOTHING",
                postgres_values{may_come});
    first.add("SELECT name, stamp FROM @schedule WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE",
              postgres_values{names});
  }
  /// False: one that was there has gone between the two statements, and is to be asked for again.
  bool hear(const postgres_result& locked) {
    for (const auto row : locked) {
      auto& at = rows_.at(row.string(0));
      at.is_there = true;
      at.stamp = row.integer(1);
    }
    for (const auto& [name, row] : rows_)
      if (row.may_come && !row.is_there)
        return false;
    return true;
  }

  std::vector<schedule_written> decide() {
    std::vector<schedule_written> replies;
    replies.reserve(writes_.size());
    for (const auto& each : writes_) {
      auto& at = rows_.at(each.name);
      const auto reply = reply_to_write(each, at.stamp);
      if (reply == write_reply::write) {
        at.is_changed = true;
        at.to = each.to ? &*each.to : nullptr;
        at.stamp = at.to ? at.to->stamp : 0;
      }
      replies.push_back({.done = reply != write_reply::other, .pushed = {}});
    }
    return replies;
  }
  void write(postgres_batch& rest) const {
    postgres_columns changed{5};
    postgres_array gone;
    bool is_any_gone = false, is_any_changed = false;
    for (const auto& [name, row] : rows_) {
      is_any_changed |= row.is_changed;
      if (row.is_there && row.stamp == 0) {
        gone.add(name);
        is_any_gone = true;
      } else if (row.is_changed && row.to) {
        changed.add(name, row.to->stamp, row.to->due, row.to->spec, row.to->state);
      }
    }
    if (is_any_gone)
      rest.add("DELETE FROM @schedule WHERE name = ANY($1::text[])", postgres_values{gone});
    if (!changed.empty())
      rest.add("UPDATE @schedule s SET stamp = w.stamp, due = w.due, spec = w.spec, state = w.state FROM "
               "unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[]) w(name, stamp, due, "
               "spec, state) WHERE s.name = w.name",
               postgres_values{}.add(changed));
    if (is_any_changed)
      rest.add("INSERT INTO @tally DEFAULT VALUES"); // others are to look
  }

private:
  struct locked_row {
    bool may_come = false; // a write adds it
    bool is_there = false; // in the table
    bool is_changed = false;
    std::int64_t stamp = 0; // zero: there is no such schedule
    const schedule_row* to = nullptr;
  };

  std::span<const schedule_write> writes_;
  std::map<std::string, locked_row> rows_;
};

postgres_values page_values(const schedule_query& which, const std::optional<store_time>& now) {
  if (!which.names.empty())
    return postgres_values{array_of(which.names), which.most};
  if (!which.due)
    return postgres_values{which.after, which.most};
  const auto behind = which.behind.value_or(std::pair{store_time::min(), std::string{}});
  return postgres_values{now, behind.first, behind.second, which.most};
}

const char* page_statement(const schedule_query& which) {
  if (!which.names.empty())
    return "SELECT name, stamp, due, spec, state FROM @schedule WHERE name = ANY($1::text[]) ORDER BY name "
           "LIMIT "
           "$2";
  if (!which.due)
    return "SELECT name, stamp, due, spec, state FROM @schedule WHERE name > $1::text ORDER BY name LIMIT $2";
  return "SELECT name, stamp, due, spec, state FROM @schedule WHERE due <= coalesce($1::bigint, (SELECT "
         "@now_us())) AND (due, name) > ($2::bigint, $3::text) ORDER BY due, name LIMIT $4";
}

void add_open_jobs(postgres_connection& connection, schedule_page& page, postgres_session::time until) {
  if (page.found.empty())
    return;
  std::map<std::string, stored_schedule*> of;
  postgres_array scopes;
  for (auto& each : page.found) {
    auto scope = schedule_scope(each.row.name);
    scopes.add(scope);
    of.emplace(std::move(scope), &each);
  }
  const auto open
      = connection.run("SELECT scope, job FROM @unique_key WHERE scope = ANY($1::text[]) AND until "
                       "IS NULL ORDER BY job",
                       postgres_values{scopes}, until);
  for (const auto row : open)
    of.at(row.string(0))->open.push_back(row.integer(1));
}

} // namespace

/// The COMMIT doesn't go with the jobs: before it all replies are known, which stand if its answer is lost.
/// Neither do the rows: a push that begins anew in the same transaction finds them as they were.
std::vector<schedule_written> postgres_write_schedules(postgres_session& session,
                                                       std::span<const schedule_write> writes) {
  if (writes.empty())
    return {};
  return session.attempt_once<std::vector<schedule_written>>([&](postgres_session::time end, auto& replies,
                                                                 auto& committed) {
    auto& connection = session.connection();
    postgres_schedule_writes rows{writes};
    auto first = session.begin();
    first.add(postgres_session::own_transaction);
    rows.ask(first);
    auto locked = connection.run(first, end);
    const auto mine = postgres_session::transaction_of(locked[postgres_begin_size]);
    while (!rows.hear(locked.back())) {
      postgres_batch again;
      rows.ask(again);
      locked = connection.run(again, end);
    }
    replies = rows.decide();
    if (const auto jobs = jobs_of(writes, replies); !jobs.empty()) {
      postgres_batch next;
      next.add("SELECT @now_us()");
      add_pushed(writes, replies,
                 postgres_push_rows(
                     connection, session.news(), std::move(next), jobs,
                     [&](const postgres_result& said) { return session.time_of(said); }, "SELECT 1", end));
    }
    postgres_batch last;
    rows.write(last);
    last.add("COMMIT");
    committed = mine;
    connection.run(last, end);
  });
}

/// The time is asked for last: whatever is found was due by then.
schedule_page postgres_schedules(postgres_session& session, const schedule_query& which) {
  return session.read([&](postgres_session::time end) {
    std::optional<store_time> now;
    if (session.clock())
      now = session.clock()();
    postgres_batch look;
    look.add(page_statement(which), page_values(which, now));
    look.add("SELECT coalesce($1::bigint, @now_us())", postgres_values{now});
    const auto found = session.connection().run(look, end);
    schedule_page page{.found = {}, .now = found[1].front().time(0), .next_due = {}};
    for (const auto row : found[0])
      page.found.push_back({.row = {.name = row.string(0),
                                    .stamp = row.integer(1),
                                    .due = row.maybe_time(2),
                                    .spec = row.string(3),
                                    .state = row.string(4)},
                            .open = {}});
    add_open_jobs(session.connection(), page, end);
    const auto last = last_due(page, which).value_or(std::pair{store_time::min(), std::string{}});
    const auto next
        = session.connection().run("SELECT due FROM @schedule WHERE due IS NOT NULL AND (due, name) > "
                                   "($1::bigint, $2::text) ORDER BY due, name LIMIT 1",
                                   postgres_values{last.first, last.second}, end);
    if (!next.empty())
      page.next_due = next.front().time(0);
    return page;
  });
}

} // namespace taskactor::detail
