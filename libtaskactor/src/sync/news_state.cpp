#include <taskactor/detail/news_state.hpp>

namespace taskactor::detail {

void news_state::wait(sync_waiter& one, std::uint64_t seen) noexcept {
  *static_cast<std::uint64_t*>(one.place()) = seen;
  line_.push_back(one);
}

void news_state::tell(std::uint64_t until, wait_end how) noexcept {
  for (;;) {
    sync_wakes wakes; // when the lock is free again
    const std::lock_guard guard{lock};
    auto* const first = line_.first();
    if (!first || *static_cast<const std::uint64_t*>(first->place()) >= until)
      return;
    wakes.serve(*first, how);
  }
}

} // namespace taskactor::detail
