#include "runtime_actors.hpp"

#include "caf_adapter/compat_ending.hpp"
#include "threads/waits.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace taskactor::detail {

caf::actor runtime_actors::keep(caf::actor part) {
  {
    const std::lock_guard lock{mutex_};
    kept_.push_back(part);
    ++alive_;
  }
  when_over(part, [this] {
    const std::lock_guard lock{mutex_};
    --alive_;
    changed_.notify_all();
  });
  return part;
}

void runtime_actors::forget(const caf::actor& part) {
  const std::lock_guard lock{mutex_};
  std::erase(kept_, part);
}

bool runtime_actors::has(caf::actor_id which) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(kept_.begin(), kept_.end(), [which](const auto& each) { return each.id() == which; });
}

void runtime_actors::ask_to_end() {
  const auto all = [this] {
    const std::lock_guard lock{mutex_};
    return kept_;
  }();
  for (auto part = all.rbegin(); part != all.rend(); ++part)
    caf::anon_send_exit(*part, caf::exit_reason::user_shutdown);
}

bool runtime_actors::wait_over(waits& how, time_point until) {
  std::unique_lock lock{mutex_};
  how.block(
      lock, changed_, [this] { return alive_ == 0; }, until);
  return alive_ == 0;
}

} // namespace taskactor::detail
