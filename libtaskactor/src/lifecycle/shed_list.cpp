#include "lifecycle/shed_list.hpp"

#include <algorithm>

namespace taskactor::detail {

void shed_list::collect(const id_index& tasks, std::size_t max_queue) {
  const auto by_age = [](const auto& a, const auto& b) { return a->sequence < b->sequence; };
  if (!by_priority_) {
    by_priority_ = std::make_unique<levels>();
    tasks.each([&](const ref<record>& task) {
      if (!task->of_gather) // it would make no room
        level(task->priority).push_back(task);
    });
    for (auto& each : *by_priority_)
      std::sort(each.begin(), each.end(), by_age);
    return;
  }
  std::size_t listed = 0;
  for (const auto& each : *by_priority_)
    listed += each.size();
  if (listed > 2 * max_queue)
    for (auto& each : *by_priority_)
      std::erase_if(each, [](const auto& task) { return task->state.load() != state::queued; });
}

ref<record> shed_list::next(int priority) {
  for (int lowest = lowest_priority; lowest >= priority; --lowest) {
    auto& candidates = level(lowest);
    while (!candidates.empty()) {
      if (!candidates.front())
        break; // the place of the one that it would be shed for
      auto oldest = std::move(candidates.front());
      candidates.pop_front();
      if (oldest->state.load(std::memory_order_acquire) == state::queued)
        return oldest;
    }
  }
  return {};
}

} // namespace taskactor::detail
