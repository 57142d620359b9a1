/// What is to be done about a schedule now: which jobs are pushed, and what is written in its row. Nothing in
/// it knows a clock or a store.
///
///     row + its open jobs + the time --look_at--> progress, fires --write_of--> one write of the store
#pragma once

#include "job_scheduler/schedule_form.hpp"
#include "queue/stored_schedule.hpp"

#include <taskactor/schedule/fire.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

/// A row, read.
struct known_schedule {
  const stored_schedule* stored = nullptr;
  schedule_spec spec;
  schedule_progress progress;

  const std::string& name() const noexcept { return stored->row.name; }
};
/// Errors: as of `read_spec`.
known_schedule read_schedule(const stored_schedule& stored);

struct skipped_fire {
  std::optional<fire> at{}; // none: `run_now`
  const char* why = nullptr;
};

struct schedule_step {
  schedule_progress then{};
  std::vector<std::optional<fire>> fires{}; // each a job; none: `run_now`
  std::vector<skipped_fire> skipped{};
  std::uint64_t missed = 0;
  std::optional<fire_time> first_missed{}, last_missed{};
  const char* refused = nullptr; // why the fire of `run_now` isn't done
  /// One that is to be asked to end, once this is written.
  std::optional<job_id> cancel{};
};

/// What waits, and what is due.
schedule_step look_at(const known_schedule& which, store_time now);
/// A fire beside those of the trigger, as `overlap` says.
schedule_step run_now(const known_schedule& which, store_time now);
/// What waits is skipped.
void drop_waiting(schedule_step& step, const char* why);

/// When somebody is to look at it again; none: nobody need.
std::optional<store_time> due_of(const schedule_progress& progress, store_time now);
/// It fires no more, and nothing of it waits.
bool is_over(const schedule_progress& progress) noexcept;

/// The write that does it, of a row with this spec, which needn't be known if there are no fires. One that is
/// over goes.
schedule_write write_of(const schedule_row& row, const schedule_spec* spec, const schedule_step& step,
                        store_time now);
inline schedule_write write_of(const known_schedule& which, const schedule_step& step, store_time now) {
  return write_of(which.stored->row, &which.spec, step, now);
}

/// Never zero.
std::int64_t random_stamp();

} // namespace taskactor::detail
