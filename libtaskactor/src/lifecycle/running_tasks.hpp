/// `running_tasks`: the tasks, slots and attempts left behind that have an actor, until it is down. The
/// manager's alone. Each knows its index.
#pragma once

#include <taskactor/detail/record.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace taskactor::detail {

class running_tasks {
public:
  running_tasks() { tasks_.reserve(256); }

  void add(record& task) {
    task.running_index = static_cast<std::uint32_t>(tasks_.size());
    tasks_.emplace_back(&task);
  }
  void remove(record& task) {
    auto last = std::move(tasks_.back());
    tasks_.pop_back();
    if (last.get() == &task)
      return;
    last->running_index = task.running_index;
    tasks_[task.running_index] = std::move(last);
  }
  /// The actor of `task` is that of `by` from now on.
  void replace(const record& task, record& by) {
    by.running_index = task.running_index;
    tasks_[task.running_index] = ref<record>{&by};
  }

  std::size_t size() const noexcept { return tasks_.size(); }
  bool empty() const noexcept { return tasks_.empty(); }
  auto begin() const noexcept { return tasks_.begin(); }
  auto end() const noexcept { return tasks_.end(); }

private:
  std::vector<ref<record>> tasks_;
};

} // namespace taskactor::detail
