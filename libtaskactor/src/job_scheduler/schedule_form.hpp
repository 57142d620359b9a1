/// What is written in a schedule's row (`schedule_row`): its spec, which users give it, and its progress,
/// which those who fire it write. Both are JSON of the members' names, so that a program in any language, and
/// a later release, can read them.
#pragma once

#include "queue/store_backend.hpp"
#include "scheduler/due_fires.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/schedule/fire.hpp>
#include <taskactor/schedule/schedule_options.hpp>
#include <taskactor/schedule/trigger.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace taskactor::detail {

/// Of `job_schedule_options::most_made_up`.
inline constexpr std::size_t most_fires_at_once = 1'000;

struct schedule_spec {
  trigger when;                           // with the jitter
  std::optional<store_duration> jitter{}; // in place of a trigger's own
  new_job job{};                          // of each fire, but for its request and its unique key
  overlap_policy overlap{};
  std::size_t max_instances = 1;
  late_rules late{};
};

/// A fire that waits for a job to end.
struct waiting_fire {
  std::optional<fire> at{}; // none: `run_now`
  store_time since{};
};

struct schedule_progress {
  bool paused = false;
  next_fire next{};
  fire_time passed{}; // no nominal time up to here is fired any more
  std::optional<fire_time> last{};
  std::optional<waiting_fire> waiting{};
  std::uint64_t fired = 0, made_up = 0, missed = 0, skipped = 0;
};

/// `errc::invalid_argument`; empty: it is one.
std::optional<rejection> check_schedule_name(const std::string& name);

std::string text_of(const schedule_spec& spec);
std::string text_of(const schedule_progress& progress);

/// Errors: `error{errc::store_failed}`, with the schedule's name: the text was written by a later release, or
/// by another program.
schedule_spec read_spec(const std::string& name, const std::string& text);
schedule_progress read_progress(const std::string& name, const std::string& text);

} // namespace taskactor::detail
