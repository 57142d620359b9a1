/// What the tables of a store have of a job, and which of its jobs are asked for: SQLite's and PostgreSQL's.
#pragma once

#include "queue/job_moves.hpp"
#include "queue/store_backend.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace taskactor::detail {

/// Of a job's row, all that is before what may be large.
struct stored_head {
  job_id id = 0;
  std::string queue;
  job_kind kind{};
  std::string task, version;
  std::string limits; // JSON, as in the row; empty: none
  std::string fairness_key;
  int priority = default_priority;
  store_duration keep{};
  store_time pushed{};
  std::optional<store_time> expires;
  std::string unique_scope, unique_key;
  unique_until until{};
};

/// What moves along with a job from row to row.
struct stored_tries {
  job_counts counts;
  std::int64_t claims = 0;
  bool had_begun = false;      // at any claim
  claim_token ended_token = 0; // of the last claim whose end was written
  std::string error;
  std::string runner; // that has, or had last, claimed it
  std::optional<store_time> began;
};

/// One bit for each state.
constexpr unsigned bit_of(job_state state) noexcept { return 1U << static_cast<unsigned>(state); }
/// Of those that are asked for; none: all.
inline unsigned state_bits(const job_query& filter) noexcept {
  unsigned bits = 0;
  for (const auto state : filter.states)
    bits |= bit_of(state);
  return bits;
}

} // namespace taskactor::detail
