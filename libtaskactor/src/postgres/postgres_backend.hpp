/// A store in a PostgreSQL database: one connection, one transaction for each verb, two to four journeys to
/// the server for it. Others do the same at the same time, on any number of machines: see postgres_change.hpp
/// for the locks.
///
/// A call whose connection is lost is made again on a new one, as long as it has time: what it has done
/// before is found (requests, tokens, claims by their tokens).
///
/// Errors of opening it: `errc::store_unusable`, `errc::store_failed`, `errc::store_timed_out`.
#pragma once

#include "postgres/postgres_change.hpp"
#include "postgres/postgres_idle.hpp"
#include "postgres/postgres_marks.hpp"
#include "postgres/postgres_notices.hpp"
#include "postgres/postgres_session.hpp"
#include "queue/lane_choice.hpp"
#include "queue/store_backend.hpp"
#include "queue/stored_schedule.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace taskactor::detail {

/// What claims and beats remember.
struct postgres_claim_memory {
  explicit postgres_claim_memory(const postgres_options& options)
      : marks(options.mark_lag, options.sweep_part) {}

  /// What a lane's row says, which never changes: ids aren't used again.
  std::unordered_map<std::int64_t, job_lane> lanes;
  /// Of queues with very many lanes: where the last claim has stopped to look.
  std::map<std::string, std::int64_t> windows;
  postgres_marks marks;
  /// A token, for a runner and a queue, up to which it has no claims that go on: only this process claims in
  /// its name.
  std::map<runner_key, std::map<std::string, claim_token>> before_own;
  /// By the runner's row: what its tasks were when they were last written.
  std::map<std::int64_t, std::shared_ptr<const known_tasks>> written_tasks;

  claim_token first_token(const runner_key& runner, const std::set<std::string>& queues) const;
  /// The connection is lost, perhaps since the server has crashed: then numbers that nobody has committed are
  /// given out again.
  void forget_numbers() noexcept {
    before_own.clear();
    marks.forget();
  }
};

class postgres_backend : public store_backend, private postgres_session {
public:
  /// `clock`: unset: the server's.
  explicit postgres_backend(postgres_options options, std::function<store_time()> clock = {});

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
  store_time now() override;
  std::uint64_t version() override;
  void backup(const std::string& file) override;
  std::size_t restored() override;
  void listen(std::function<void(outside_change)> outside) override;
  std::vector<std::string> check() override;

  const std::string& place() const noexcept { return connection_.place(); }

  /// Of what it can't see from the rows.
  postgres_listener listener() const { return notices_.state(); }

private:
  /// A claim whose commit has no answer: of what it has, nobody knows.
  struct doubtful_claim {
    runner_key runner;
    claim_reply reply;
    postgres_array queues;
  };
  /// A beat of which that isn't known: what its runner's counter was, of how many notes, which are sent again
  /// first, it is known that they are written, and how many are if it was made.
  struct doubtful_beat {
    std::int64_t before = -1;
    std::size_t known = 0, notes = 0;

    std::size_t written(std::int64_t counter) const noexcept {
      return counter == before + 1 ? notes : counter == before ? known : 0;
    }
  };
  struct doubts {
    std::optional<doubtful_claim> claim;
    std::map<std::int64_t, doubtful_beat> beats; // by the runner's row
  };
  claim_reply make_claim(const claim_request& request);
  std::vector<job_end> claims_in_doubt(time end);
  beat_reply make_beat(const runner_beat& beat);

  postgres_claim_memory memory_;
  doubts doubts_;
  postgres_notices notices_;
  postgres_idle idle_;
};

// -- verbs that need nothing but the session --------------------------------

promote_reply postgres_promote(postgres_session& session, std::size_t most);
rescue_reply postgres_rescue(postgres_session& session, std::span<const lost_runner> runners);
std::vector<runner_row> postgres_runners(postgres_session& session);
std::size_t postgres_restored(postgres_session& session);
std::size_t postgres_prune(postgres_session& session, std::size_t most);
std::vector<schedule_written> postgres_write_schedules(postgres_session& session,
                                                       std::span<const schedule_write> writes);
schedule_page postgres_schedules(postgres_session& session, const schedule_query& which);
std::vector<job_info> postgres_list(postgres_session& session, const job_query& filter);
std::vector<job_details> postgres_find(postgres_session& session, std::span<const job_id> ids);
store_survey postgres_survey(postgres_session& session);
/// What is wrong in a survey of it, and what its listener says.
void postgres_look_after(store_health& health, const store_survey& seen, const postgres_listener& listener);
std::vector<std::string> postgres_check(postgres_session& session);

/// Jobs into rows, in the transaction that `first` begins, which wasn't sent. The last statement is `last`;
/// null: the caller's transaction goes on, and tells others of the jobs when it is committed.
std::vector<push_reply> postgres_push_rows(postgres_connection& connection, postgres_news& news,
                                           postgres_batch first, std::span<const new_job> jobs,
                                           const std::function<store_time(const postgres_result&)>& time_of,
                                           const char* last, postgres_connection::clock::time_point until);

/// All that some runners have claimed.
inline constexpr const char* running_of_runners
    = "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES ", " TASKACTOR_POSTGRES_RUNNING
      ", r.runner_id FROM @running r JOIN @job j ON j.id = r.job WHERE r.runner_id = ANY($1::bigint[]) ORDER "
      "BY r.job FOR UPDATE OF r";

/// Which queues a runner serves, with how many free slots.
void write_shares(postgres_batch& rest, std::int64_t runner, std::span<const queue_share> shares);

} // namespace taskactor::detail
