/// `runner_stop`: the stages in which a runner comes to its end. The runner's thread alone.
///
///     open --asked--> draining --drain--> cancelling --cancel--> offering --kill--> over
///
/// Each ends early when nothing runs, and the last when the store knows all. A further call hurries it up.
#pragma once

#include <taskactor/manager_options.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>

namespace taskactor::detail {

class runner_stop {
public:
  bool is_asked() const noexcept { return asked_; }
  void ask(const shutdown_options& bounds, time_point now) noexcept {
    asked_ = true;
    const auto drained = after(now, bounds.drain), cancelled = after(drained, bounds.cancel);
    drained_ = std::min(drained_, drained);
    cancelled_ = std::min(cancelled_, cancelled);
    given_up_ = std::min(given_up_, after(cancelled, bounds.kill));
  }
  bool cancels(time_point now) const noexcept { return asked_ && now >= drained_; }
  /// What still runs is left to itself.
  bool leaves(time_point now) const noexcept { return asked_ && now >= cancelled_; }
  bool gives_up(time_point now) const noexcept { return asked_ && now >= given_up_; }
  /// When the next stage begins.
  time_point due(time_point now) const noexcept {
    for (const auto each : {drained_, cancelled_, given_up_})
      if (each > now)
        return each;
    return time_point::max();
  }

private:
  bool asked_ = false;
  time_point drained_ = time_point::max(), cancelled_ = time_point::max(), given_up_ = time_point::max();
};

} // namespace taskactor::detail
