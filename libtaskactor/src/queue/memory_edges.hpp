/// Edges of a store in memory: see job_edges.hpp.
#pragma once

#include "queue/job_edges.hpp"
#include "queue/memory_tables.hpp"
#include "queue/store_backend.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace taskactor::detail {

/// Of jobs that would be pushed; by it nothing is changed. Errors: `errc::unknown_parent`.
void check_memory_parents(const memory_tables& tables, std::span<const new_job> jobs);

/// Into its first place, by its edges and its time; `earlier`: the replies of those before it in the set.
void place_in_memory(memory_tables& tables, memory_job& child, const new_job& as,
                     std::span<const push_reply> earlier, store_time now);
/// Of an ended job that has no place: blocked, while a parent of it is open, or ready.
void retry_edges_in_memory(memory_tables& tables, memory_job& job, store_time now);

/// Its edges are to be brought in line with its end, or its retry. False: it has none.
bool release_in_memory(memory_tables& tables, job_id parent, job_state how, store_time now);

struct settled_edges {
  std::size_t settled = 0;
  bool ended_some = false;
};
/// Brings edges in line with parents that have ended or were retried, so many at most.
settled_edges settle_in_memory(memory_tables& tables, store_time now, std::size_t most);

/// Somebody may ask for it still: a child, or a release.
bool is_awaited_in_memory(const memory_tables& tables, job_id parent);

std::vector<job_parent_info> memory_parents(const memory_tables& tables, job_id child);
void add_edge_faults(const memory_tables& tables, std::vector<std::string>& faults);

} // namespace taskactor::detail
