/// What a schedule of a store is made with, and what it says of itself.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/push_options.hpp>
#include <taskactor/schedule/fire.hpp>
#include <taskactor/schedule/schedule_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taskactor {

/// Errors: `errc::invalid_argument`, naming the field.
struct job_schedule_options {
  /// Unique in its store: 1 to 180 bytes. Jitter is drawn from it.
  field<std::string> name{};
  /// "Run" is, of a job, from its push until it has ended, its retries included.
  overlap_policy overlap = overlap_policy::skip;
  /// At least one.
  std::size_t max_instances = 1;
  missed_policy missed = missed_policy::latest;
  /// How late a missed fire may be to be made up.
  time_span missed_window = no_timeout;
  /// How late one may be that isn't missed: more than it takes a scheduler to look.
  time_span on_time = std::chrono::seconds{10};
  /// How many fires are begun at once at most, of those that are due together: 1 to 1,000. The rest is
  /// missed.
  std::size_t most_made_up = 100;
  /// In place of the trigger's own.
  std::optional<time_span> jitter{};
  /// It begins with a pause.
  bool paused = false;
  /// Of each fire's job, which has the tag "schedule:NAME", too. Not to be set: `delay`, `at`, `unique`,
  /// `after`.
  push_options job{};
};

struct job_schedule_counts {
  std::uint64_t fired = 0;   ///< jobs that were pushed, those of `run_now` among them
  std::uint64_t made_up = 0; ///< of these: later than `on_time`
  std::uint64_t missed = 0;  ///< too late; of more than 10,000 at once about so many are counted
  std::uint64_t skipped = 0; ///< for `overlap`, or a pause
};

struct job_schedule_info {
  std::string name{};
  std::string trigger{}; ///< as text
  std::string queue{}, task{};
  bool paused = false;
  next_fire next{};                ///< or why there is none; of a pause the first that it skips
  std::optional<fire_time> last{}; ///< the nominal time of the last whose job was pushed
  std::vector<job_id> open{};      ///< its jobs that haven't ended
  bool waiting = false;            ///< a fire waits for one of them to end
  std::string unreadable{};        ///< of a list: why all but its name and `open` isn't known here
  job_schedule_counts counts{};
};

} // namespace taskactor
