#include "http/host_gate.hpp"

#include <taskactor/sleep.hpp>

#include <algorithm>

namespace taskactor::detail {

std::shared_ptr<host_gate> host_gates::of(const std::string& origin) {
  const std::lock_guard lock{mutex_};
  if (const auto found = gates_.find(origin); found != gates_.end())
    return found->second;
  if (gates_.size() >= looked_at_)
    drop_unused();
  return gates_.emplace(origin, std::make_shared<host_gate>(most_, often_)).first->second;
}

std::size_t host_gates::count() {
  const std::lock_guard lock{mutex_};
  return gates_.size();
}

/// Those with a rate are kept until it makes no difference. Each walk pays for itself by what was added
/// since.
void host_gates::drop_unused() {
  const auto now = clock::now();
  std::erase_if(gates_, [&](const auto& each) {
    auto& gate = *each.second;
    return each.second.use_count() == 1 && gate.bucket.debt(now).count() == 0;
  });
  looked_at_ = std::max<std::size_t>(64, 2 * gates_.size());
}

task<void> host_gates::begin(std::shared_ptr<host_gate> at) const {
  const auto turn = co_await at->turn.lock();
  for (;;) {
    const auto now = require_context().core().now();
    if (at->bucket.available(now) > 0) {
      at->bucket.take(1, now);
      co_return;
    }
    co_await sleep_until(at->bucket.refill());
  }
}

} // namespace taskactor::detail
