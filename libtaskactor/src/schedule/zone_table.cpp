#include "schedule/zone_table.hpp"

#include "schedule/trigger_fault.hpp"

#include <date/tz.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace taskactor::detail {

namespace {

using std::chrono::local_days;
using std::chrono::sys_days;
using std::chrono::year;

constexpr sys_seconds long_ago = sys_days{year{-30000} / 1 / 1}, far_away = sys_days{year{30000} / 1 / 1};

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// How many letters have to be changed; of texts that differ much in length just many.
std::size_t distance(const std::string& a, const std::string& b) {
  constexpr std::size_t many = 1000;
  if (a.size() > b.size() + 3 || b.size() > a.size() + 3)
    return many;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t i = 0; i <= b.size(); ++i)
    row[i] = i;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < b.size(); ++k) {
      const auto above = row[k + 1];
      row[k + 1] = std::min({above + 1, row[k] + 1, corner + (a[i] == b[k] ? 0 : 1)});
      corner = above;
    }
  }
  return row.back();
}

/// "Berlin" for "Europe/Berlin", "europe/berlin", "Europe/Belrin".
std::optional<std::string> near_name(const std::vector<date::time_zone>& zones, std::string_view name) {
  const auto wanted = lower(name);
  std::optional<std::string> best;
  std::size_t least = 3;
  for (const auto& zone : zones) {
    const auto other = lower(zone.name());
    const auto city = other.substr(other.rfind('/') + 1);
    const auto far = zone.name() == "localtime" ? least : city == wanted ? 0 : distance(wanted, other);
    if (far < least) {
      least = far;
      best = zone.name();
    }
  }
  return best;
}

/// The rule at the end of the zone's file says that clocks go on being changed: "CET-1CEST,M3.5.0,M10.5.0/3".
/// Without a file of version 2 or later, whether the last change is near the end of what 32 bits can count.
bool goes_on(const std::string& name, sys_seconds last_change) {
  std::ifstream file{"/usr/share/zoneinfo/" + name, std::ios::binary};
  std::string content{std::istreambuf_iterator<char>{file}, {}};
  if (content.size() < 44 || content.compare(0, 4, "TZif") != 0 || content[4] < '2' || content.back() != '\n')
    return last_change >= sys_days{year{2036} / 1 / 1};
  content.pop_back();
  return content.find(',', content.rfind('\n')) != std::string::npos;
}

sys_seconds year_after(sys_seconds when) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(when)};
  return sys_days{(day.year() + std::chrono::years{1}) / 1 / 1};
}

std::vector<zone_period> periods_of(const date::time_zone& zone) {
  std::vector<zone_period> periods;
  for (sys_seconds when = sys_days{year{1800} / 1 / 1};;) {
    const auto info = zone.get_info(when);
    if (periods.empty())
      periods.push_back({long_ago, info.end, info.offset});
    else if (periods.back().offset == info.offset)
      periods.back().end = info.end; // only the name of the time has changed
    else
      periods.push_back({info.begin, info.end, info.offset});
    if (info.end <= when || info.end >= far_away)
      break;
    when = info.end;
  }
  periods.back().end = far_away;
  return periods;
}

[[noreturn]] void refuse_without_data(std::string_view name) {
  refuse_field("zone", "this machine has no data of zones but UTC; install tzdata", name);
}

const date::tzdb& database(std::string_view name) {
  try {
    const auto& all = date::get_tzdb();
    if (!all.zones.empty()) // of a folder without any there are none, which is no error there
      return all;
  } catch (const std::runtime_error&) {
    refuse_without_data(name);
  }
  refuse_without_data(name);
}

std::unique_ptr<zone_table> read_zone(std::string_view name) {
  if (name == utc_name)
    return std::make_unique<zone_table>(
        std::string{name}, std::vector<zone_period>{{long_ago, far_away, std::chrono::seconds{0}}}, far_away);
  const auto& zones = database(name).zones;
  const auto found
      = std::find_if(zones.begin(), zones.end(), [&](const auto& zone) { return zone.name() == name; });
  if (found == zones.end() || name == "localtime") { // that one is another zone on each machine
    const auto near = near_name(zones, name);
    refuse_field(
        "zone",
        "there is no zone of this name; "
            + (near ? "did you mean " + *near + '?' : "write an IANA name, such as Europe/Berlin or UTC"),
        name);
  }
  try {
    auto periods = periods_of(*found);
    const auto last_change = periods.back().begin;
    const bool unknown = periods.size() > 1 && goes_on(found->name(), last_change);
    return std::make_unique<zone_table>(std::string{name}, std::move(periods),
                                        unknown ? year_after(last_change) : far_away);
  } catch (const std::runtime_error& why) {
    refuse_field("zone", std::string{"its data can't be read: "} + why.what(), name);
  }
}

} // namespace

zone_table::zone_table(std::string name, std::vector<zone_period> periods, sys_seconds known_until)
    : name_{std::move(name)}, periods_{std::move(periods)}, known_until_{known_until} {
  begins_.reserve(periods_.size());
  for (const auto& each : periods_)
    begins_.push_back(each.begin.time_since_epoch().count());
}

std::size_t zone_table::index(sys_seconds when) const noexcept {
  const auto behind = std::upper_bound(begins_.begin() + 1, begins_.end(), when.time_since_epoch().count());
  return static_cast<std::size_t>(behind - begins_.begin()) - 1;
}

const zone_table& zone_named(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<zone_table>, std::less<>> known;
  const std::lock_guard lock{mutex};
  auto found = known.find(name);
  if (found == known.end())
    found = known.emplace(name, read_zone(name)).first; // what can't be read isn't kept
  return *found->second;
}

} // namespace taskactor::detail
