/// Edges: which jobs wait for the end of which others, and what follows from it. The decisions that all
/// stores make alike; pure.
///
/// What holds of them:
///
/// - An edge is written with its child, and points to a job that is there: one of the store's, or one that
///   stands before it in the same set. So no circle can be written.
/// - An edge says what its child makes of its parent: see `edge_state`. A job is blocked while it has an open
///   edge, but for one that was retried by hand or has begun: only a blocked job is moved by an edge.
/// - The end of a parent, and its retry, write down a release, in the same transaction. Its edges are brought
///   in line with it then, or, if they are many, in parts by whoever promotes. There is one release for each
///   parent: before another one is written, the first is brought to its end.
/// - No count of open parents is kept that could drift: who takes an edge's end looks for open ones, with the
///   child locked.
/// - An edge stays until its child is forgotten, or its parent is; the parent isn't while a child of it has
///   not ended, or a release is open.
#pragma once

#include "queue/store_backend.hpp"

#include <taskactor/error.hpp>
#include <taskactor/queue/job_parent.hpp>
#include <taskactor/queue/job_state.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace taskactor::detail {

enum class edge_state : std::uint8_t {
  open,   // the parent isn't over
  met,    // it is, and the child may run for its sake
  broken, // it is, and the child may not; something else has ended or begun it
  ended,  // it is, and this has ended the child: a retry of the parent brings it back
};

inline constexpr std::size_t edges_at_once = 500; // by the transaction that ends a parent
/// A parent that is kept for a child is looked at again after so long.
inline constexpr std::chrono::hours awaited_parents_kept{1};

/// Of a child that isn't blocked.
constexpr edge_state edge_after(on_failure wish, job_state parent) noexcept {
  if (!is_final(parent))
    return edge_state::open;
  return parent == job_state::succeeded || wish == on_failure::run ? edge_state::met : edge_state::broken;
}

/// How a child ends that is ended by its edge.
constexpr job_state end_by_edge(on_failure wish) noexcept {
  return wish == on_failure::fail ? job_state::failed : job_state::cancelled;
}

[[noreturn]] inline void refuse_parent(job_id which) {
  throw error{errc::unknown_parent, "after: job " + std::to_string(which)
                                        + ": there is none of this id, or it isn't kept any longer"};
}

inline std::string edge_error(job_id parent, job_state how) {
  const char* const word = how == job_state::failed        ? "has failed"
                           : how == job_state::expired     ? "has expired"
                           : how == job_state::quarantined ? "was quarantined"
                                                           : "was cancelled";
  return "its parent, job " + std::to_string(parent) + ", " + word;
}

} // namespace taskactor::detail
