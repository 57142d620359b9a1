/// The next instant at which a zone's clocks show one of the times that a plan names.
///
///     period of summer time        end            begin of winter time
///     ...-----------01:00---01:30--02:00|01:00---01:30---02:00------...
///                     first copies      |  second copies      a fold
///     ...-----------01:00---01:30--02:00|03:00------...
///                                       |  02:00 to 03:00     a gap
///
/// The search goes period by period: what matches by the clocks of this one, but for the copies that aren't
/// wanted, and what stands in for times of the gap that it begins with. Over periods without a match it
/// jumps.
#pragma once

#include "schedule/plan.hpp"

#include <taskactor/schedule/trigger_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

namespace taskactor::detail {

struct change_policies {
  gap_policy gap = gap_policy::at_end;
  fold_policy fold = fold_policy::first;
};

/// A change of clocks by more than this is no matter of summer time: nothing is made up.
inline constexpr std::chrono::hours longest_gap{3};
/// No two clocks on earth differ by more.
inline constexpr std::chrono::hours widest_difference{26};

/// `Times::next(local_seconds from)`: the first time on the wall from there on, if there is one.
template <class Times>
class wall_search {
public:
  wall_search(const zone_table& zone, const Times& times, change_policies policies)
      : zone_{zone}, times_{times}, policies_{policies} {}

  found_time next(fire_time after) const {
    auto from = std::chrono::floor<std::chrono::seconds>(after) + std::chrono::seconds{1};
    const fire_time known_until = std::min<fire_time>(zone_.known_until(), no_time);
    for (std::size_t i = zone_.index(from);;) {
      const auto& period = zone_.periods()[i];
      auto best = in_period(i, std::max(from, period.begin));
      if (best.at && *best.at < fire_time{period.end}) {
        if (*best.at >= known_until)
          break;
        best.known_until = known_until;
        return best;
      }
      if (i + 1 == zone_.periods().size() || fire_time{period.end} >= known_until)
        return times_.next(on_the_wall(from, period.offset)) ? too_far(known_until)
                                                             : found_time::none(no_fire::over);
      from = period.end;
      const auto earliest = times_.next(on_the_wall(from, zone_.periods()[i + 1].offset - widest_difference));
      if (!earliest)
        return found_time::none(no_fire::over);
      // No clock can show it before then, and none shows another one meanwhile.
      const auto jump = sys_seconds{earliest->time_since_epoch()} - widest_difference;
      i = jump > zone_.periods()[i + 1].end ? zone_.index(from = jump) : i + 1;
    }
    return too_far(known_until);
  }

private:
  static found_time too_far(fire_time known_until) {
    return found_time::none(known_until < no_time ? no_fire::zone_data : no_fire::search_limit, known_until);
  }

  /// The first by this period's clocks, even if these don't get as far; from `from`, a time in it.
  found_time in_period(std::size_t i, sys_seconds from) const {
    const auto& period = zone_.periods()[i];
    auto best = in_gap(i, from);
    auto local = times_.next(on_the_wall(from, period.offset));
    if (local && policies_.fold == fold_policy::first && i > 0) {
      const auto again_until = on_the_wall(period.begin, zone_.periods()[i - 1].offset);
      if (*local < again_until) // a second copy
        local = times_.next(again_until);
    }
    if (local && policies_.fold == fold_policy::second && i + 1 < zone_.periods().size()
        && *local >= on_the_wall(period.end, zone_.periods()[i + 1].offset))
      local.reset(); // a first copy
    if (local) {
      const sys_seconds at{local->time_since_epoch() - period.offset};
      if (!best.at || fire_time{at} <= *best.at)
        best = {.at = at};
    }
    return best;
  }

  /// What stands in for the times that clocks have passed over at the period's begin.
  found_time in_gap(std::size_t i, sys_seconds from) const {
    const auto& period = zone_.periods()[i];
    if (i == 0 || policies_.gap == gap_policy::skip)
      return {};
    const auto before = zone_.periods()[i - 1].offset;
    const auto length = period.offset - before;
    if (length.count() <= 0 || length > longest_gap)
      return {};
    const auto begin = on_the_wall(period.begin, before);
    if (policies_.gap == gap_policy::at_end && from > period.begin)
      return {};
    // With `shift` they fire by the clocks of before.
    const auto wanted = times_.next(on_the_wall(from, before));
    if (!wanted || *wanted >= begin + length)
      return {};
    const sys_seconds shifted{wanted->time_since_epoch() - before};
    return {.at = policies_.gap == gap_policy::at_end ? period.begin : shifted, .wanted = wanted};
  }

  const zone_table& zone_;
  const Times& times_;
  change_policies policies_;
};

} // namespace taskactor::detail
