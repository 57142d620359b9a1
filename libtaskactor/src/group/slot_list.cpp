#include <taskactor/detail/gather_slot.hpp>
#include <taskactor/detail/slot_list.hpp>

namespace taskactor::detail {

bool slot_list::remove(const ref<gather_slot>& which, bool had_started) noexcept {
  if (had_started)
    running_.fetch_sub(1, std::memory_order_relaxed);
  const std::lock_guard lock{mutex_};
  std::erase(slots_, which);
  return slots_.empty();
}

std::size_t slot_list::idle() const noexcept {
  const std::lock_guard lock{mutex_};
  return idle_locked();
}

bool slot_list::empty() const noexcept {
  const std::lock_guard lock{mutex_};
  return slots_.empty();
}

std::vector<ref<gather_slot>> slot_list::all() const {
  const std::lock_guard lock{mutex_};
  return slots_;
}

ref<gather_slot> slot_list::find(std::size_t index) const {
  const std::lock_guard lock{mutex_};
  const auto found
      = std::find_if(slots_.begin(), slots_.end(), [&](const auto& each) { return each->runs(index); });
  return found == slots_.end() ? ref<gather_slot>{} : *found;
}

} // namespace taskactor::detail
