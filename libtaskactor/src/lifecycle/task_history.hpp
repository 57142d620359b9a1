/// `task_history`: who has ended lately, so many and for so long (rule 11). A part of the task table: under
/// its lock.
#pragma once

#include <taskactor/detail/record.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class task_history {
  struct past {
    ref<record> task;
    time_point at{};
  };

public:
  /// What has gone out of it: records are destroyed outside the lock. Mostly one goes when another one comes:
  /// that needs no memory.
  class dropped {
    friend class task_history;
    past first_;
    std::vector<past> more_;
  };

  task_history(std::size_t most, std::chrono::nanoseconds ttl) : most_(most), ttl_(ttl) {}

  void add(record& task, time_point now, dropped& out) {
    if (most_ == 0)
      return;
    ring_.push_back({ref<record>{&task}, now});
    while (!ring_.empty() && (ring_.size() > most_ || now - ring_.front().at > ttl_)) {
      if (auto& oldest = ring_.front(); out.first_.task)
        out.more_.push_back(std::move(oldest));
      else
        out.first_ = std::move(oldest);
      ring_.pop_front();
    }
  }
  /// The last one of that id; null: none, or too long ago.
  ref<record> find(std::string_view id, time_point now) const {
    const auto found = std::find_if(ring_.rbegin(), ring_.rend(), [&](const past& entry) {
      return entry.task->id == id && now - entry.at <= ttl_;
    });
    return found == ring_.rend() ? ref<record>{} : found->task;
  }

private:
  const std::size_t most_;
  const std::chrono::nanoseconds ttl_;
  std::deque<past> ring_;
};

} // namespace taskactor::detail
