/// A store in a SQLite file: WAL, one connection, one transaction for each verb.
///
/// Errors of opening it: `errc::store_unusable`, with what to do.
#pragma once

#include "queue/lane_choice.hpp"
#include "queue/sqlite_change.hpp"
#include "queue/sqlite_edges.hpp"
#include "queue/store_backend.hpp"
#include "queue/stored_schedule.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace taskactor::detail {

struct sqlite_options {
  std::string path;
  bool create = true; // if the file isn't there
  /// False: a commit does not wait for the disk (synchronous=NORMAL). A crash of the machine, not of a
  /// program, may then undo the last ones: what was pushed is gone, and jobs that had ended are run again.
  bool is_durable = true;
  /// How long a call waits for others' writes.
  std::chrono::milliseconds busy_limit = std::chrono::seconds{10};
  /// Unset: the system's.
  std::function<store_time()> clock{};
};

/// What claims and beats remember.
struct sqlite_claim_memory {
  /// What a lane's row says, which never changes: ids aren't used again.
  std::unordered_map<std::int64_t, job_lane> lanes;
  /// Of queues with very many lanes: where the last claim has stopped to look.
  std::map<std::string, std::int64_t> windows;
  /// What of runners stood in their rows after the last beat, if no claim has written since.
  struct told_by_beat {
    std::int64_t runner = 0; // the row
    std::shared_ptr<const known_tasks> tasks;
    std::map<std::string, std::pair<std::size_t, bool>> shares; // free slots, commands
    bool has_shares = false;
  };
  std::map<runner_key, told_by_beat> told;
};

class sqlite_backend : public store_backend {
public:
  explicit sqlite_backend(sqlite_options options);

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
  std::uint64_t version() override;
  backend_opener beside() override;
  void backup(const std::string& file) override;
  std::size_t restored() override;
  std::vector<std::string> check() override;

  /// Without symbolic links.
  const std::string& path() const noexcept { return db_.path(); }

private:
  /// Runs `what` with a change, in a transaction that writes.
  template <class What>
  auto write(const What& what);
  /// Runs `what`, one statement that reads: a transaction by itself.
  template <class What>
  auto read_one(const What& what);
  bool has_nothing_for(const claim_request& request);
  std::optional<store_duration> next_due();
  void require_place() const;

  std::function<store_time()> clock_;
  sqlite_database db_;
  sqlite_claim_memory memory_;
};

template <class What>
auto sqlite_backend::write(const What& what) {
  require_place();
  sqlite_transaction lock{db_, sqlite_lock::write};
  sqlite_change change{db_, clock_()};
  auto reply = what(change);
  settle_released(change);
  change.flush();
  lock.commit();
  note_others_end(change.edges().others_ended);
  return reply;
}

template <class What>
auto sqlite_backend::read_one(const What& what) {
  try {
    return what();
  } catch (const error&) {
    if (!is_busy(db_))
      throw;
  }
  sqlite_transaction look{db_, sqlite_lock::read};
  return what();
}

// -- its parts --------------------------------------------------------------

/// A row of `running`, with its job.
struct sqlite_running {
  stored_head job;
  stored_tries tries;
  claim_token token = 0;
  std::int64_t seq = 0;
  store_time since{};
  bool begun = false, cancel = false;
};
std::optional<sqlite_running> find_running(sqlite_change& change, job_id id);

struct sqlite_runner {
  std::int64_t id = 0; // of its row
  bool is_dead = false;
};
/// Made, if there is none.
sqlite_runner runner_of(sqlite_change& change, const runner_key& runner);
/// Which queues it serves, with how many free slots.
void write_shares(sqlite_change& change, std::int64_t runner, std::span<const queue_share> shares);
/// By the queue's name: its free slots, and whether it serves commands.
std::map<std::string, std::pair<std::size_t, bool>> shares_by_name(std::span<const queue_share> shares);

/// In a transaction that writes.
std::vector<schedule_written> sqlite_write_schedules(sqlite_change& change,
                                                     std::span<const schedule_write> writes);
schedule_page sqlite_schedules(sqlite_database& db, const schedule_query& which, store_time now);

} // namespace taskactor::detail
