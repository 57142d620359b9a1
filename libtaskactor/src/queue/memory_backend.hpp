/// A store in maps: it ends with its process, and goes by any clock, a virtual one, too. The semantics are
/// those of all stores: see store_backend.hpp and job_moves.hpp.
///
/// Threads: one at a time. Errors: none but want of memory, after which it isn't to be used any more.
#pragma once

#include "queue/memory_edges.hpp"
#include "queue/memory_schedules.hpp"
#include "queue/memory_tables.hpp"
#include "queue/store_backend.hpp"

#include <functional>
#include <string>
#include <vector>

namespace taskactor::detail {

class memory_backend final : public store_backend {
public:
  explicit memory_backend(std::function<store_time()> clock) : clock_(std::move(clock)) {}

  std::vector<push_reply> push(std::span<const new_job> jobs) override;
  claim_reply claim(const claim_request& request) override;
  std::vector<end_reply> finish(const runner_key& runner, std::span<const job_end> ends) override;
  beat_reply renew(const runner_beat& beat) override;
  promote_reply promote(std::size_t most) override;
  rescue_reply rescue(std::span<const lost_runner> runners) override;
  std::size_t prune(std::size_t most) override;
  std::vector<control_reply> control(std::span<const control_action> actions) override;

  std::vector<schedule_written> write_schedules(std::span<const schedule_write> writes) override;
  schedule_page schedules(const schedule_query& which) override;

  std::vector<job_info> list(const job_query& filter) override;
  std::vector<job_details> find(std::span<const job_id> ids) override;
  store_survey survey() override;
  std::vector<runner_row> runners() override;

  store_time now() override { return clock_(); }
  std::uint64_t version() override { return version_; }
  std::vector<std::string> check() override;

private:
  push_reply push_one(const new_job& job, std::span<const push_reply> earlier, store_time now);
  void replace(memory_job& job, const new_job& by, store_time now);
  /// Made, if there is none. Null: it is dead.
  memory_runner* row_of(const runner_key& key, store_time now);
  void note(memory_runner& runner, const claim_note& note, store_time now);
  void wrote(bool anything = true) {
    note_others_end(settle_in_memory(tables_, clock_(), edges_at_once).ended_some);
    tables_.drop_empty_lanes();
    version_ += static_cast<std::uint64_t>(anything);
  }

  std::function<store_time()> clock_;
  memory_tables tables_;
  memory_schedules schedules_;
  std::uint64_t version_ = 0;
};

} // namespace taskactor::detail
