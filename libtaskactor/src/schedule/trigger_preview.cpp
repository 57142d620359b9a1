// `trigger::preview`: fires with notes on what clocks do to them.
#include "schedule/trigger_core.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace taskactor {

using namespace detail;

namespace {

constexpr std::size_t most_listed = 100'000;

std::string time_of_day(local_seconds when) {
  return to_rfc3339(fire_time{when.time_since_epoch()}).substr(11, 8);
}

/// Of one fire, in the order in which they are said.
class fire_notes {
public:
  void add(const std::string& note) { text_ += (text_.empty() ? "" : "; ") + note; }
  void add_changes(const zone_table& zone, fire_time after, fire_time until);
  void add_copy(const zone_table& zone, fire_time nominal);
  std::string take() { return std::move(text_); }

private:
  std::string text_;
};

/// Changes of clocks later than `after`, up to `until`.
void fire_notes::add_changes(const zone_table& zone, fire_time after, fire_time until) {
  const auto last = zone.index(std::chrono::floor<std::chrono::seconds>(until));
  const auto first = zone.index(std::chrono::floor<std::chrono::seconds>(std::max(after, first_time)));
  if (last <= first)
    return;
  const auto change = [&](std::size_t i) {
    const bool forward = zone.periods()[i].offset > zone.periods()[i - 1].offset;
    return (forward ? "clocks were set forward at " : "clocks were set back at ")
           + to_rfc3339(zone.periods()[i].begin);
  };
  if (last - first > 2)
    return add("clocks were changed " + std::to_string(last - first) + " times, at last "
               + change(last).substr(12));
  for (auto i = first + 1; i <= last; ++i)
    add(change(i));
}

/// Of a time that clocks show twice.
void fire_notes::add_copy(const zone_table& zone, fire_time nominal) {
  const auto second = std::chrono::floor<std::chrono::seconds>(nominal);
  const auto i = zone.index(second);
  const auto& periods = zone.periods();
  const auto shown = on_the_wall(second, periods[i].offset);
  const bool again = i > 0 && shown < on_the_wall(periods[i].begin, periods[i - 1].offset);
  const bool comes_again
      = i + 1 < periods.size() && shown >= on_the_wall(periods[i].end, periods[i + 1].offset);
  if (again || comes_again)
    add((again ? "the second " : "the first ") + time_of_day(shown) + " of two");
}

} // namespace

trigger_preview trigger::preview(std::size_t count, fire_time after, std::string_view name) const {
  trigger_preview result;
  const auto& zone = *core_->zone;
  count = std::min(count, most_listed);
  for (auto previous = after; result.fires.size() < count;) {
    const auto each = next(previous, name);
    if (!each) {
      result.end = each.why;
      break;
    }
    fire_notes notes;
    search_budget budget;
    if (const auto found = trigger_access::search(*core_, previous, budget); found.wanted)
      notes.add("instead of " + time_of_day(*found.wanted) + ", which clocks pass over");
    if (each->nominal < zone.known_until()) {
      notes.add_copy(zone, each->nominal);
      notes.add_changes(zone, previous, each->nominal);
    }
    if (each->due != each->nominal)
      notes.add("due " + to_rfc3339(each->due, zone.name()));
    result.fires.push_back({*each, to_rfc3339(each->nominal, zone.name()), notes.take()});
    previous = each->nominal;
  }
  return result;
}

} // namespace taskactor
