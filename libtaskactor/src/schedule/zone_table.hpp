/// The clocks of a zone: what they are ahead of UTC, from when until when, as the system's tzdata knows it.
///
/// It is read once from Howard Hinnant's date library, and kept as long as the program runs. Debian's
/// release of that ignores the rule at the end of a zone's file; where there is one, nothing is known from
/// the year on that follows the last change in the file. UTC is known without any file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

using std::chrono::local_seconds;
using std::chrono::sys_seconds;

inline local_seconds on_the_wall(sys_seconds when, std::chrono::seconds offset) {
  return local_seconds{when.time_since_epoch() + offset};
}

/// As long as clocks aren't changed. Those of before and behind are far away, if there are none.
struct zone_period {
  sys_seconds begin, end;
  std::chrono::seconds offset; ///< of local time from UTC
};

class zone_table {
public:
  zone_table(std::string name, std::vector<zone_period> periods, sys_seconds known_until);

  const std::string& name() const noexcept { return name_; }
  sys_seconds known_until() const noexcept { return known_until_; }
  const std::vector<zone_period>& periods() const noexcept { return periods_; }
  /// Of the period with this time in it.
  std::size_t index(sys_seconds when) const noexcept;
  const zone_period& at(sys_seconds when) const noexcept { return periods_[index(when)]; }

private:
  std::string name_;
  std::vector<zone_period> periods_;
  std::vector<std::int64_t> begins_;
  sys_seconds known_until_;
};

inline constexpr std::string_view utc_name = "UTC";

/// The same for the same name, for as long as the program runs. Errors: throws `trigger_fault` of the field
/// "zone", with a name that is near.
const zone_table& zone_named(std::string_view name);

} // namespace taskactor::detail
