#include "queue/memory_edges.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace taskactor::detail {

namespace {

/// One edge of the parent that isn't in line with a release; zero: none.
job_id next_child(const memory_tables& tables, job_id parent, bool is_over) {
  const auto from = is_over ? edge_state::open : edge_state::met;
  const auto at = tables.edges.children.lower_bound({parent, from, 0});
  if (at == tables.edges.children.end() || std::get<0>(*at) != parent
      || (is_over && std::get<1>(*at) != edge_state::open))
    return 0;
  return std::get<2>(*at);
}

void unblock(memory_tables& tables, memory_job& job, store_time now) {
  tables.take_out(job);
  if (job.due > now)
    tables.delay(job, job.due);
  else
    tables.make_ready(job, now, true);
}

void end_child(memory_tables& tables, memory_job& job, job_state as, job_id parent, job_state how,
               store_time now, bool stays = false) {
  ++(as == job_state::failed ? tables.counters.failed : tables.counters.cancelled);
  tables.take_out(job);
  job.extras().error = edge_error(parent, how);
  tables.end(job, as, now, stays);
}

/// A child that was ended by an edge which is open again.
void bring_back(memory_tables& tables, memory_job& job, store_time now) {
  for (auto at = tables.edges.parents.lower_bound({job.id, 0});
       at != tables.edges.parents.end() && at->first.first == job.id; ++at)
    if (at->second.state == edge_state::broken) { // it would have ended it, too
      tables.edges.set(job.id, at->first.second, edge_state::ended);
      return;
    }
  if (!job.unique_key.empty()) {
    const auto holder = tables.unique_holder({job.unique_scope, job.unique_key}, now);
    if (holder && *holder != job.id)
      return; // another one does its work
    if (job.until != unique_until::period)
      tables.take_unique(job, {});
  }
  tables.take_out(job);
  reset_end(job);
  tables.block(job, now);
  release_in_memory(tables, job.id, job_state::blocked, now);
}

/// Whether a job was ended by it.
bool settle(memory_tables& tables, job_id child, job_id parent, job_state how, store_time now) {
  const auto edge = tables.edges.parents.at({child, parent});
  auto& job = tables.jobs.at(child);
  const bool is_blocked = job.state == job_state::blocked;
  const auto next = edge_after(edge.on_failure, how);
  const bool ends = next == edge_state::broken && is_blocked;
  tables.edges.set(child, parent, ends ? edge_state::ended : next);
  if (next == edge_state::open) {
    if (edge.state == edge_state::ended)
      bring_back(tables, job, now);
  } else if (ends) {
    end_child(tables, job, end_by_edge(edge.on_failure), parent, how, now);
  } else if (is_blocked && !tables.edges.has_open(child)) {
    unblock(tables, job, now);
  }
  return ends;
}

/// Of one parent.
settled_edges settle_parent(memory_tables& tables, job_id parent, store_time now, std::size_t most) {
  settled_edges all;
  const auto how = tables.edges.releases.at(parent);
  for (; all.settled < most; ++all.settled) {
    const auto child = next_child(tables, parent, is_final(how));
    if (child == 0) {
      tables.edges.releases.erase(parent);
      if (!tables.jobs.contains(parent))
        tables.edges.drop_children(parent);
      break;
    }
    all.ended_some |= settle(tables, child, parent, how, now);
  }
  return all;
}

} // namespace

// -- the tables -------------------------------------------------------------

void memory_edges::add(job_id child, job_id parent, on_failure wish, edge_state state) {
  if (!parents.try_emplace({child, parent}, memory_edge{wish, state}).second)
    return; // two of the set may be the one that has their key
  children.emplace(parent, state, child);
  count(child, state, 1);
}

void memory_edges::set(job_id child, job_id parent, edge_state to) {
  auto& edge = parents.at({child, parent});
  children.erase({parent, edge.state, child});
  children.emplace(parent, to, child);
  count(child, edge.state, -1);
  count(child, to, 1);
  edge.state = to;
}

bool memory_edges::has_children(job_id parent) const {
  const auto at = children.lower_bound({parent, edge_state::open, 0});
  return at != children.end() && std::get<0>(*at) == parent;
}

void memory_edges::count(job_id child, edge_state state, int by) {
  if (state != edge_state::open)
    return;
  const auto at = open_.try_emplace(child, 0).first;
  if ((at->second += by) == 0)
    open_.erase(at);
}

void memory_edges::drop(job_id of) {
  for (auto at = parents.lower_bound({of, 0}); at != parents.end() && at->first.first == of;
       at = parents.erase(at))
    children.erase({at->first.second, at->second.state, of});
  open_.erase(of);
  if (!releases.contains(of)) // else these learn of its end before they go
    drop_children(of);
}

void memory_edges::drop_children(job_id of) {
  for (auto at = children.lower_bound({of, edge_state::open, 0});
       at != children.end() && std::get<0>(*at) == of; at = children.erase(at)) {
    count(std::get<2>(*at), std::get<1>(*at), -1);
    parents.erase({std::get<2>(*at), of});
  }
}

// -- verbs ------------------------------------------------------------------

void check_memory_parents(const memory_tables& tables, std::span<const new_job> jobs) {
  for (const auto& job : jobs) {
    if (job.after.empty() || (!job.request.empty() && tables.requests.contains(job.request)))
      continue;
    for (const auto& edge : job.after)
      if (edge.parent != 0 && !tables.jobs.contains(edge.parent))
        refuse_parent(edge.parent);
  }
}

void place_in_memory(memory_tables& tables, memory_job& child, const new_job& as,
                     std::span<const push_reply> earlier, store_time now) {
  bool is_blocked = false;
  const memory_job* ends = nullptr;
  auto ended_as = job_state::cancelled;
  for (const auto& each : as.after) {
    const auto parent = each.parent != 0 ? each.parent : earlier[earlier.size() - each.before].id;
    const auto at = tables.jobs.find(parent);
    if (at == tables.jobs.end()) // the one that has its key, of those before it, is gone: it is over
      continue;
    auto state = edge_after(each.on_failure, at->second.state);
    is_blocked |= state == edge_state::open;
    if (state == edge_state::broken && !ends) {
      ends = &at->second;
      ended_as = end_by_edge(each.on_failure);
      state = edge_state::ended;
    }
    tables.edges.add(child.id, parent, each.on_failure, state);
  }
  const auto due = due_of(as, now);
  if (is_blocked || ends)
    tables.block(child, due);
  else if (due > now)
    tables.delay(child, due);
  else
    tables.make_ready(child, now, true);
  if (ends) // those behind it in the set may be its children
    end_child(tables, child, ended_as, ends->id, ends->state, now, true);
}

void retry_edges_in_memory(memory_tables& tables, memory_job& job, store_time now) {
  bool is_blocked = false;
  for (auto at = tables.edges.parents.lower_bound({job.id, 0});
       at != tables.edges.parents.end() && at->first.first == job.id; ++at) {
    is_blocked |= at->second.state == edge_state::open;
    if (at->second.state == edge_state::ended) // not any longer
      tables.edges.set(job.id, at->first.second, edge_state::broken);
  }
  if (is_blocked)
    tables.block(job, now);
  else
    tables.make_ready(job, now, true);
  release_in_memory(tables, job.id, job.state, now);
}

bool release_in_memory(memory_tables& tables, job_id parent, job_state how, store_time now) {
  if (!tables.edges.has_children(parent))
    return false;
  if (tables.edges.releases.contains(parent)) // of another end of it: see job_edges.hpp
    settle_parent(tables, parent, now, std::numeric_limits<std::size_t>::max());
  tables.edges.releases[parent] = how;
  return true;
}

settled_edges settle_in_memory(memory_tables& tables, store_time now, std::size_t most) {
  settled_edges all;
  while (all.settled < most && !tables.edges.releases.empty()) {
    const auto some = settle_parent(tables, tables.edges.releases.begin()->first, now, most - all.settled);
    all.settled += some.settled;
    all.ended_some |= some.ended_some;
  }
  return all;
}

bool is_awaited_in_memory(const memory_tables& tables, job_id parent) {
  if (tables.edges.releases.contains(parent))
    return true;
  for (auto at = tables.edges.children.lower_bound({parent, edge_state::open, 0});
       at != tables.edges.children.end() && std::get<0>(*at) == parent; ++at)
    if (!is_final(tables.jobs.at(std::get<2>(*at)).state))
      return true;
  return false;
}

// -- what there is ----------------------------------------------------------

std::vector<job_parent_info> memory_parents(const memory_tables& tables, job_id child) {
  std::vector<job_parent_info> all;
  for (auto at = tables.edges.parents.lower_bound({child, 0});
       at != tables.edges.parents.end() && at->first.first == child; ++at)
    all.push_back({.id = at->first.second,
                   .on_failure = at->second.on_failure,
                   .over = at->second.state != edge_state::open});
  return all;
}

void add_edge_faults(const memory_tables& tables, std::vector<std::string>& faults) {
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds)
      faults.push_back(what);
  };
  for (const auto& [id, job] : tables.jobs)
    if (job.state == job_state::blocked) {
      const auto at = tables.edges.parents.lower_bound({id, 0});
      expect(at != tables.edges.parents.end() && at->first.first == id && tables.edges.has_open(id),
             "job " + std::to_string(id) + " is blocked, and by nobody");
    }
  for (const auto& [key, edge] : tables.edges.parents) {
    const auto& [child, parent] = key;
    const auto name = "the edge from job " + std::to_string(parent) + " to job " + std::to_string(child);
    expect(tables.jobs.contains(child), name + " has no child");
    expect(tables.edges.children.contains({parent, edge.state, child}), name + " would not be found");
    if (tables.edges.releases.contains(parent))
      continue;
    const auto at = tables.jobs.find(parent);
    expect(at != tables.jobs.end(), name + " has no parent");
    if (at != tables.jobs.end())
      expect((edge_after(edge.on_failure, at->second.state) == edge_state::open)
                 == (edge.state == edge_state::open),
             name + " says another thing than the parent");
  }
  expect(tables.edges.parents.size() == tables.edges.children.size(), "edges that no child has");
}

} // namespace taskactor::detail
