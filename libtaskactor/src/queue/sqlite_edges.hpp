/// Edges of a store in SQLite: see job_edges.hpp. All of it in a transaction that writes, but for `parents`.
#pragma once

#include "queue/job_edges.hpp"
#include "queue/sqlite_change.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace taskactor::detail {

/// A pushed job into its first place, by its edges and its time. `earlier`: the replies of those before it in
/// the set. Errors: `errc::unknown_parent`.
void place_row(sqlite_change& change, const stored_head& child, const new_job& as,
               std::span<const push_reply> earlier);
/// Of an ended job that has no place: blocked, while a parent of it is open, or ready.
void place_retried(sqlite_change& change, const stored_head& job, const stored_tries& tries);

/// Its edges are to be brought in line with its end, or its retry. False: it has none.
bool release_children(sqlite_change& change, job_id parent, job_state how);
/// Brings edges in line, so many at most. How many.
std::size_t settle_edges(sqlite_change& change, std::size_t most);
/// Those that this transaction has released, `edges_at_once` at most.
void settle_released(sqlite_change& change);

/// Of a job that is forgotten.
void drop_edges(sqlite_change& change, job_id of);
/// Somebody may ask for it still: a child, or a release.
bool is_awaited(sqlite_change& change, job_id parent);

std::vector<job_parent_info> parents_of(sqlite_database& db, job_id child);

} // namespace taskactor::detail
