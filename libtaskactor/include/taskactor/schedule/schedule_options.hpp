/// What a schedule is made with, and what it says of itself.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/schedule/fire.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace taskactor {

/// What becomes of a fire that comes while `max_instances` of its schedule run. "Run" is from the admission
/// of a fire's task until nothing of its body runs any more.
enum class overlap_policy : std::uint8_t {
  skip,       ///< isn't done
  queue_one,  ///< waits until one has ended; while one waits, further ones are skipped
  cancel_old, ///< the oldest is asked to end, and this one begins when it has; one that waits is skipped
  allow,      ///< begins all the same
};

/// What becomes of fires that weren't done in time: the program was held up, or the clock was set forward.
enum class missed_policy : std::uint8_t {
  latest, ///< the latest is made up, unless a later one is in time
  all,    ///< all are made up, the latest `most_made_up` of them
  none,   ///< none is
};

/// What becomes of the fires of a pause.
enum class on_resume : std::uint8_t {
  skip,    ///< they are skipped
  make_up, ///< they are missed ones, as `missed_policy` says
};

/// Errors: `errc::invalid_argument`, naming the field.
struct schedule_options {
  /// Unique in its scheduler. Empty: one is made ("schedule-3"). Jitter is drawn from it, and its tasks are
  /// "NAME-1", "NAME-2", ...
  field<std::string> name{};
  overlap_policy overlap = overlap_policy::skip;
  /// At least one.
  std::size_t max_instances = 1;
  missed_policy missed = missed_policy::latest;
  /// How late a missed fire may be to be made up.
  time_span missed_window = no_timeout;
  /// How late one may be that isn't missed.
  time_span on_time = std::chrono::seconds{1};
  /// How many fires are begun at once at most, of those that are due together: 1 to 10,000. The rest is
  /// missed.
  std::size_t most_made_up = 100;
  /// In place of the trigger's own.
  std::optional<time_span> jitter{};
  /// It begins with a pause.
  bool paused = false;
  /// Of each fire's task. Not to be set: `id`, `after`, `admission`, and a `where` of a process.
  task_options task{};
};

/// What a body is told.
struct schedule_fire {
  std::string schedule{};
  std::uint64_t number = 0;           ///< from 1 on: of those that have begun
  std::optional<fire_time> nominal{}; ///< the time that the trigger names; none: `run_now`
  fire_time actual{};                 ///< when its task was added
};

struct schedule_counts {
  std::uint64_t fired = 0;   ///< tasks that were begun, those of `run_now` among them
  std::uint64_t made_up = 0; ///< of these: later than `on_time`
  std::uint64_t missed = 0;  ///< too late; of more than 10,000 at once about so many are counted
  std::uint64_t skipped = 0; ///< for `overlap`, or a pause
  std::uint64_t refused = 0; ///< the manager didn't take their tasks: options that it knows to be wrong
  std::size_t running = 0;   ///< now; none, once the scheduler has ended
  std::size_t waiting = 0;   ///< now, for one that runs to end: zero or one
};

struct schedule_info {
  std::string name{};
  std::string trigger{}; ///< as text
  bool paused = false;
  bool ended = false;
  next_fire next{};                ///< or why there is none; of a pause the first that it skips
  std::optional<fire_time> last{}; ///< the nominal time of the last that was begun
  schedule_counts counts{};
};

} // namespace taskactor
