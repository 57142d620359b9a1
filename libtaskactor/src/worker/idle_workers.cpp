#include "worker/idle_workers.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

time_point idle_workers::put(std::shared_ptr<worker> which, time_point now) {
  const auto due = after(now, limit_);
  entries_.push_back({std::move(which), now});
  return due == time_point::max() || std::exchange(awaited_, true) ? time_point::max() : due;
}

std::shared_ptr<worker> idle_workers::take_last() noexcept {
  if (entries_.empty())
    return {};
  auto last = std::move(entries_.back().which);
  entries_.pop_back();
  return last;
}

idle_workers::old idle_workers::take_old(time_point now) {
  const auto young = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const entry& each) { return now - each.since < limit_; });
  old taken{.workers = {}, .next = time_point::max()};
  for (auto each = entries_.begin(); each != young; ++each)
    taken.workers.push_back(each->which);
  entries_.erase(entries_.begin(), young);
  awaited_ = !entries_.empty();
  if (awaited_)
    taken.next = after(entries_.front().since, limit_);
  return taken;
}

void idle_workers::remove(const worker& which) noexcept {
  std::erase_if(entries_, [&](const entry& each) { return each.which.get() == &which; });
}

} // namespace taskactor::detail
