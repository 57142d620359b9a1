#include "lifecycle/shutdown_sequence.hpp"

#include <algorithm>

namespace taskactor::detail {

bool shutdown_sequence::stop(const shutdown_options& bounds, time_point now) noexcept {
  if (stage_ == stage::open) {
    bounds_ = bounds;
    return true;
  }
  bounds_.drain = std::min(bounds_.drain, bounds.drain);
  bounds_.cancel = std::min(bounds_.cancel, bounds.cancel);
  bounds_.kill = std::min(bounds_.kill, bounds.kill);
  const auto own = stage_ == stage::draining     ? bounds.drain
                   : stage_ == stage::cancelling ? bounds.cancel
                                                 : bounds.kill;
  due_ = std::min(due_, after(now, own));
  return due_ <= now;
}

shutdown_sequence::stage shutdown_sequence::advance(time_point now) noexcept {
  switch (stage_) {
  case stage::open:
    stage_ = stage::draining;
    due_ = after(now, bounds_.drain);
    break;
  case stage::draining:
    stage_ = stage::cancelling;
    due_ = after(now, bounds_.cancel);
    break;
  case stage::cancelling:
    stage_ = stage::killing;
    due_ = after(now, bounds_.kill);
    break;
  default:
    finish();
    break;
  }
  return stage_;
}

} // namespace taskactor::detail
