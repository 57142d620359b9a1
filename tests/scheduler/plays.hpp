/// Schedules in virtual time, and what their tests note and ask.
#pragma once

#include "support/virtual_time.hpp"

#include <taskactor/schedule.hpp>
#include <taskactor/schedule/scheduler.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// "00:00:10" of the first day, or the whole time.
inline std::string short_time(ta::fire_time when) {
  const auto text = ta::to_rfc3339(when);
  return text.starts_with("2026-01-01T") ? text.substr(11, text.size() - 12) : text;
}

inline ta::trigger parsed(std::string_view text) { return ta::trigger::parse(text).value(); }

struct schedule_world {
  explicit schedule_world(ta::manager_options options = {})
      : time(std::move(options)), schedules(time.tasks) {}

  /// A body that notes when it began, and lasts so long.
  auto noting(std::chrono::milliseconds lasts = {}) {
    return [this, lasts](ta::schedule_fire at) -> ta::task<void> {
      fires.push_back((at.nominal ? short_time(*at.nominal) : "now") + "@" + short_time(at.actual));
      co_await ta::sleep_for(lasts);
    };
  }
  ta::schedule_handle add(ta::schedule_options options, std::string_view trigger,
                          std::chrono::milliseconds lasts = {}) {
    auto made = schedules.add(std::move(options), parsed(trigger), noting(lasts));
    time.settle();
    return made.value();
  }
  /// Sets the clock on the wall so much later, or earlier, and lets everybody see it.
  void move_wall(std::chrono::milliseconds by) {
    time.set_wall(time.wall_now() + by);
    time.settle();
  }
  std::vector<std::string> take() { return std::exchange(fires, {}); }

  virtual_time time;
  ta::scheduler schedules;
  std::vector<std::string> fires;
};

using texts = std::vector<std::string>;

} // namespace test
