/// What a store knows: of jobs, queues, limits and runners. Values; times are the store's.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/queue/job_parent.hpp>
#include <taskactor/queue/job_state.hpp>
#include <taskactor/queue/push_options.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor {

/// What was pushed: `task`, a registered function; or `command`, a program of this machine.
enum class job_kind : std::uint8_t { task, command };

/// An attempt that has come to nothing: it has failed, was snoozed, or its runner was lost.
struct job_attempt {
  std::size_t number = 0; ///< of the claims of the job, from one
  std::string runner{};
  store_time began{}, ended{};
  std::string end{};   ///< "failed", "timed out", "snoozed", "lost"
  std::string error{}; ///< UTF-8, whatever was thrown; at most 64 KiB
};

struct job_info {
  job_id id = 0;
  job_state state{};
  job_kind kind{};
  std::string queue{}, task{};
  int priority = default_priority;
  std::string fairness_key{};
  std::vector<std::string> tags{};
  store_time pushed{};
  std::optional<store_time> due{}; ///< of a delayed or blocked one: not before
  std::optional<store_time> expires{};
  std::optional<store_time> began{}; ///< of the last attempt
  std::optional<store_time> ended{};
  std::optional<store_time> kept_until{};
  std::size_t attempts = 0; ///< that have failed
  std::size_t losses = 0;   ///< runners that have died under it
  std::size_t snoozes = 0;
  std::string runner{}; ///< that runs it, or ran it last
  bool cancel_requested = false;
  std::string error{}; ///< of the end, or of the last attempt
  std::uint64_t progress_done = 0, progress_total = 0;
  std::string progress_text{};
};

/// A parent of a job (`push_options::after`).
struct job_parent_info {
  job_id id = 0;
  taskactor::on_failure on_failure{};
  bool over = false; ///< it has ended
};

/// All of one job.
struct job_details {
  job_info info{};
  std::string arguments{};             ///< JSON
  std::string result{};                ///< as bytes; of a task JSON
  std::vector<job_attempt> attempts{}; ///< the last of them
  std::vector<job_limit> limits{};
  std::vector<job_parent_info> parents{}; ///< by id; but for those that aren't kept any longer
  std::optional<time_span> timeout{};
  job_retry retry{};
  std::string trace{}, version{};
  std::uint64_t output_lost = 0; ///< bytes between head and tail that weren't kept
  std::string output{};
};

/// Which jobs; what is unset doesn't matter. Errors: `errc::invalid_argument`, naming the field: no job can
/// have that name (see `push_options`).
struct job_filter {
  field<std::vector<job_id>> ids{};
  field<std::vector<job_state>> states{};
  field<std::string> queue{}, task{}, tag{};
  /// A page: jobs with a smaller id than this, the newest first, so many.
  job_id before = 0;
  std::size_t most = 100;
};

/// What has become of a request for a job, a queue or a limit.
enum class control_reply : std::uint8_t {
  done,      ///< cancelled, deleted, ready again, paused ...: it holds from now on
  requested, ///< cancel: the job runs; its runner is told
  ended,     ///< too late: the job has ended (cancel), or it hasn't ended (retry)
  duplicate, ///< retry: another job has its unique key
  running,   ///< remove: the job runs; cancel it before
  unknown,   ///< there is no such job, queue or limit
};

std::string_view to_string(control_reply reply) noexcept;
std::ostream& operator<<(std::ostream& out, control_reply reply);

/// What has become of a request for many jobs.
struct control_counts {
  std::size_t done = 0, requested = 0;
  std::size_t refused = 0; ///< any other `control_reply`
};

struct queue_info {
  std::string name{};
  bool paused = false;
  std::size_t ready = 0, delayed = 0, running = 0, blocked = 0;
  std::optional<store_time> oldest_ready{}; ///< when the one that waits longest became ready
  std::vector<std::string> unserved{};      ///< tasks that no living runner has
};

struct limit_info {
  std::string name{};
  std::optional<std::size_t> capacity{};
  std::optional<taskactor::rate> rate{};
  std::size_t taken = 0; ///< tokens of jobs that run, of all keys
};

struct runner_info {
  std::string name{};
  std::uint64_t incarnation = 0;
  std::string host{};
  std::int64_t pid = 0;
  store_time seen{}; ///< its last beat
  std::size_t running = 0;
  std::vector<std::string> queues{};
};

/// Counts since the store was made, but for what was deleted with it.
struct store_counters {
  std::uint64_t pushed = 0, duplicates = 0, claimed = 0, succeeded = 0, failed = 0, cancelled = 0,
                expired = 0, quarantined = 0, retried = 0, snoozed = 0, released = 0, lost = 0, stale = 0,
                repeated = 0;
};

/// How well a store itself is. What a kind of store doesn't have is unset.
struct store_health {
  /// How long the job that waits longest has been ready, in no paused queue.
  std::optional<time_span> oldest_ready{};
  /// PostgreSQL: how long a transaction, of whomever, has been open; until its end no dead row of any table
  /// is cleared away. Unset: there is none, or this user may not see it.
  std::optional<time_span> oldest_snapshot{};
  std::optional<std::uint64_t> dead_rows{}; ///< PostgreSQL: that no vacuum has cleared away yet
  bool notices = false;                     ///< others tell of their changes at once
  std::string silence{};                    ///< ... and yet nothing is heard of them: why
  std::vector<std::string> warnings{};      ///< what is wrong, in words, and what to do
};

struct store_survey {
  store_time now{};
  std::vector<queue_info> queues{};
  std::vector<limit_info> limits{};
  std::vector<runner_info> runners{};
  store_counters counters{};
  store_health health{};
};

namespace detail {
/// How a job has ended.
struct job_ended {
  job_state state{};
  std::string result, error;
};
} // namespace detail

} // namespace taskactor
