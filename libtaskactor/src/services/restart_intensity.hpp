/// How often a supervisor restarts before it gives up: what OTP calls its restart intensity.
#pragma once

#include <taskactor/actors/service_options.hpp>

#include <cstddef>
#include <deque>
#include <string>

namespace taskactor::detail {

/// At most `limit.count` restarts in any window of `limit.within`. Threads: its supervisor's.
class restart_intensity {
public:
  explicit restart_intensity(restart_limit limit) : limit_(limit) {}

  /// Counts one more. Returns false, and counts nothing, if that would be too many.
  bool add(time_point now) {
    while (!restarts_.empty() && now - restarts_.front() > limit_.within)
      restarts_.pop_front();
    if (restarts_.size() >= limit_.count)
      return false;
    restarts_.push_back(now);
    return true;
  }
  /// "2 of at most 5 in 60 s": the last one that was counted.
  std::string last() const {
    return std::to_string(restarts_.size()) + " of at most " + std::to_string(limit_.count) + " in "
           + to_text(limit_.within);
  }
  /// "more than 5 restarts in 60 s".
  std::string exceeded() const {
    return "more than " + std::to_string(limit_.count) + (limit_.count == 1 ? " restart" : " restarts")
           + " in " + to_text(limit_.within);
  }

private:
  const restart_limit limit_;
  std::deque<time_point> restarts_; // not older than the window
};

} // namespace taskactor::detail
