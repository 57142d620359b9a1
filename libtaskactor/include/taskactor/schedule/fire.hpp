/// `fire`: one time at which a trigger fires, or why there is none.
#pragma once

#include <taskactor/schedule/fire_time.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor {

/// Why there is no next fire.
enum class no_fire : std::uint8_t {
  over,         ///< its `end`, `count`, last year or only time is over
  zone_data,    ///< the zone's file doesn't know the clocks of that time
  search_limit, ///< none was found in 100,000 searches of what is in it, or none before the year 10000
};

/// In a sentence: "the zone's data ends before the next fire".
std::string_view to_string(no_fire why) noexcept;
std::ostream& operator<<(std::ostream& out, no_fire why);

struct fire {
  fire_time nominal{}; ///< when it should be; each is later than the one before it
  fire_time due{};     ///< when it is done: up to `jitter` later, and always before the next nominal time
};

/// A fire, or why there is none.
struct next_fire {
  std::optional<fire> found{};
  no_fire why = no_fire::over; ///< unless there is one

  explicit operator bool() const noexcept { return found.has_value(); }
  const fire& operator*() const noexcept { return *found; }
  const fire* operator->() const noexcept { return &*found; }
};

struct previewed_fire {
  fire at{};
  std::string local{}; ///< the nominal time as RFC 3339, in the trigger's zone
  /// What clocks do to it: that they are changed between the fire before it, or `after`, and this one; that
  /// its time comes twice, or stands in for one that doesn't come. And when it is due, if that is later.
  std::string note{};
};

struct trigger_preview {
  std::vector<previewed_fire> fires{};
  std::optional<no_fire> end{}; ///< why there are no more, if that is why it ends
};

} // namespace taskactor
