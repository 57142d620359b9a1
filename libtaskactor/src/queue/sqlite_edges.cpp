#include "queue/sqlite_edges.hpp"

#include <limits>
#include <optional>
#include <utility>

namespace taskactor::detail {

namespace {

struct edge_row {
  job_id child = 0;
  on_failure wish{};
  edge_state state{};
};

/// One of the parent's that isn't in line with its release.
std::optional<edge_row> next_edge(sqlite_database& db, job_id parent, bool is_over) {
  auto rows
      = db.query(is_over ? "SELECT child, on_failure, state FROM main.taskactor_edge WHERE parent = ? AND "
                           "state = 0 LIMIT 1"
                         : "SELECT child, on_failure, state FROM main.taskactor_edge WHERE parent = ? AND "
                           "state > 0 LIMIT 1",
                 parent);
  if (!rows.next())
    return {};
  return edge_row{.child = rows.integer(0),
                  .wish = static_cast<on_failure>(rows.integer(1)),
                  .state = static_cast<edge_state>(rows.integer(2))};
}

void set_edge(sqlite_database& db, job_id child, job_id parent, edge_state to) {
  db.run("UPDATE main.taskactor_edge SET state = ? WHERE child = ? AND parent = ?", to, child, parent);
}

void add_edge(sqlite_change& change, job_id child, job_id parent, on_failure wish, edge_state state) {
  // Two of the set may be the one that has their key.
  change.db().run("INSERT OR IGNORE INTO main.taskactor_edge VALUES(?, ?, ?, ?)", child, parent, wish, state);
  change.edges().any = true;
}

bool is_blocked(sqlite_database& db, job_id id) {
  return db.number("SELECT EXISTS (SELECT 1 FROM main.taskactor_blocked WHERE job = ?)", id) != 0;
}

bool has_open(sqlite_database& db, job_id child) {
  // By the name of its index: by the table's key SQLite would pass over all that aren't open.
  return db.number("SELECT EXISTS (SELECT 1 FROM main.taskactor_edge INDEXED BY taskactor_edge_open WHERE "
                   "child = ? AND state = 0)",
                   child)
         != 0;
}

/// What an edge makes of its parent; empty: there is none.
std::optional<job_state> state_of_parent(sqlite_database& db, job_id parent) {
  auto rows = db.query("SELECT h.state FROM main.taskactor_job j LEFT JOIN main.taskactor_history h ON h.job "
                       "= j.id WHERE j.id = ?",
                       parent);
  if (!rows.next())
    return {};
  return rows.is_null(0) ? job_state::blocked : static_cast<job_state>(rows.integer(0));
}

void end_child(sqlite_change& change, const stored_head& job, stored_tries tries, job_state as, job_id parent,
               job_state how, bool stays = false) {
  change.count(as == job_state::failed ? sqlite_count::failed : sqlite_count::cancelled);
  tries.error = edge_error(parent, how);
  change.end(job, tries, as, {}, false, stays);
  change.edges().others_ended = true;
}

void unblock(sqlite_change& change, const stored_head& job, const sqlite_waiting& was) {
  if (*was.due > change.now())
    change.make_delayed(job, was.tries, *was.due);
  else
    change.make_ready(job, was.tries, change.now());
}

/// A child that was ended by an edge which is open again.
void bring_back(sqlite_change& change, job_id child) {
  auto& db = change.db();
  job_id other = 0; // it would have ended it, too
  {
    auto rows
        = db.query("SELECT parent FROM main.taskactor_edge WHERE child = ? AND state = 2 LIMIT 1", child);
    if (rows.next())
      other = rows.integer(0);
  }
  if (other != 0)
    return set_edge(db, child, other, edge_state::ended);
  auto job = change.head(child);
  if (!job || !take_key_again(change, *job)) // another one does its work
    return;
  auto tries = take_ended(change, *job);
  if (!tries)
    return;
  change.make_delayed(*job, *tries, change.now(), job_state::blocked);
  release_children(change, child, job_state::blocked);
}

void settle(sqlite_change& change, job_id parent, const edge_row& edge, job_state how) {
  auto& db = change.db();
  const auto next = edge_after(edge.wish, how);
  if (next == edge_state::open) {
    set_edge(db, edge.child, parent, next);
    if (edge.state == edge_state::ended)
      bring_back(change, edge.child);
    return;
  }
  const bool waits = is_blocked(db, edge.child);
  const bool ends = next == edge_state::broken && waits;
  set_edge(db, edge.child, parent, ends ? edge_state::ended : next);
  if (!waits || (!ends && has_open(db, edge.child)))
    return;
  const auto job = change.head(edge.child);
  const auto was = job ? change.take_waiting(*job) : std::nullopt;
  if (!was)
    return;
  if (ends)
    end_child(change, *job, was->tries, end_by_edge(edge.wish), parent, how);
  else
    unblock(change, *job, *was);
}

/// Of one parent, whose release goes when all are.
std::size_t settle_parent(sqlite_change& change, job_id parent, job_state how, std::size_t most) {
  for (std::size_t settled = 0; settled < most; ++settled) {
    const auto edge = next_edge(change.db(), parent, is_final(how));
    if (!edge) {
      change.db().run("DELETE FROM main.taskactor_release WHERE parent = ?", parent);
      change.db().run("DELETE FROM main.taskactor_edge WHERE parent = ?1 AND NOT EXISTS (SELECT 1 FROM "
                      "main.taskactor_job WHERE id = ?1)",
                      parent);
      return settled;
    }
    settle(change, parent, *edge, how);
  }
  return most;
}

std::optional<std::pair<job_id, job_state>> next_release(sqlite_database& db) {
  auto rows = db.query("SELECT parent, state FROM main.taskactor_release LIMIT 1");
  if (!rows.next())
    return {};
  return std::pair{rows.integer(0), static_cast<job_state>(rows.integer(1))};
}

/// One of another end of it is brought to its end before: see job_edges.hpp.
void settle_release_of(sqlite_change& change, job_id parent) {
  std::optional<job_state> how;
  {
    auto rows = change.db().query("SELECT state FROM main.taskactor_release WHERE parent = ?", parent);
    if (rows.next())
      how = static_cast<job_state>(rows.integer(0));
  }
  if (how)
    settle_parent(change, parent, *how, std::numeric_limits<std::size_t>::max());
}

} // namespace

void place_row(sqlite_change& change, const stored_head& child, const new_job& as,
               std::span<const push_reply> earlier) {
  bool is_blocked = false;
  job_id ended_by = 0;
  auto how = job_state::cancelled, ended_as = job_state::cancelled;
  for (const auto& each : as.after) {
    const auto parent = each.parent != 0 ? each.parent : earlier[earlier.size() - each.before].id;
    const auto found = state_of_parent(change.db(), parent);
    if (!found && each.parent != 0)
      refuse_parent(parent);
    if (!found) // the one that has its key, of those before it, is gone: it is over
      continue;
    auto state = edge_after(each.on_failure, *found);
    is_blocked |= state == edge_state::open;
    if (state == edge_state::broken && ended_by == 0) {
      ended_by = parent;
      how = *found;
      ended_as = end_by_edge(each.on_failure);
      state = edge_state::ended;
    }
    add_edge(change, child.id, parent, each.on_failure, state);
  }
  const auto due = due_of(as, change.now());
  if (ended_by != 0) // those behind it in the set may be its children
    end_child(change, child, {}, ended_as, ended_by, how, true);
  else if (is_blocked)
    change.make_delayed(child, {}, due, job_state::blocked);
  else if (due > change.now())
    change.make_delayed(child, {}, due);
  else
    change.make_ready(child, {}, change.now(), child.id);
}

void place_retried(sqlite_change& change, const stored_head& job, const stored_tries& tries) {
  bool is_blocked = false;
  if (change.edges().has_any()) {
    change.db().run("UPDATE main.taskactor_edge SET state = 2 WHERE child = ? AND state = 3", job.id);
    is_blocked = has_open(change.db(), job.id);
  }
  if (is_blocked)
    change.make_delayed(job, tries, change.now(), job_state::blocked);
  else
    change.make_ready(job, tries, change.now());
  release_children(change, job.id, job_state::blocked);
}

bool release_children(sqlite_change& change, job_id parent, job_state how) {
  auto& db = change.db();
  if (!change.edges().has_any()
      || db.number("SELECT EXISTS (SELECT 1 FROM main.taskactor_edge WHERE parent = ?)", parent) == 0)
    return false;
  settle_release_of(change, parent);
  db.run("INSERT INTO main.taskactor_release VALUES(?, ?)", parent, how);
  change.edges().released = true;
  return true;
}

void settle_released(sqlite_change& change) {
  if (change.edges().released)
    settle_edges(change, edges_at_once);
}

std::size_t settle_edges(sqlite_change& change, std::size_t most) {
  std::size_t settled = 0;
  while (settled < most) {
    const auto next = next_release(change.db());
    if (!next)
      break;
    settled += settle_parent(change, next->first, next->second, most - settled);
  }
  return settled;
}

void drop_edges(sqlite_change& change, job_id of) {
  if (!change.edges().has_any())
    return;
  change.db().run("DELETE FROM main.taskactor_edge WHERE child = ?", of);
  // Else these learn of its end before they go.
  change.db().run("DELETE FROM main.taskactor_edge WHERE parent = ?1 AND NOT EXISTS (SELECT 1 FROM "
                  "main.taskactor_release WHERE parent = ?1)",
                  of);
}

bool is_awaited(sqlite_change& change, job_id parent) {
  return change.edges().has_any()
         && change.db().number(
                "SELECT EXISTS (SELECT 1 FROM main.taskactor_release WHERE parent = ?1) OR EXISTS (SELECT 1 "
                "FROM main.taskactor_edge e WHERE e.parent = ?1 AND NOT EXISTS (SELECT 1 FROM "
                "main.taskactor_history h WHERE h.job = e.child))",
                parent)
                != 0;
}

std::vector<job_parent_info> parents_of(sqlite_database& db, job_id child) {
  std::vector<job_parent_info> all;
  auto rows = db.query("SELECT parent, on_failure, state FROM main.taskactor_edge WHERE child = ? ORDER BY "
                       "parent",
                       child);
  while (rows.next())
    all.push_back({.id = rows.integer(0),
                   .on_failure = static_cast<on_failure>(rows.integer(1)),
                   .over = static_cast<edge_state>(rows.integer(2)) != edge_state::open});
  return all;
}

} // namespace taskactor::detail
