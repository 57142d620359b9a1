/// What observers are told.
#pragma once

#include <taskactor/event.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// Collects events, and lets the test wait for them.
class listener {
public:
  /// All events, or those of one kind.
  taskactor::event_handler handler(std::optional<taskactor::event_kind> only = {}) {
    return [this, only](const taskactor::task_event& e) {
      if (only && e.kind != *only)
        return;
      const std::lock_guard lock{mutex_};
      lines_.push_back(e.id + ' ' + std::string{to_string(e.kind)} + (e.text.empty() ? "" : ": " + e.text));
      changed_.notify_all();
    };
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return lines_.size() >= count; });
    return lines_;
  }

  /// Until there is a line that begins so. False: it doesn't come.
  bool wait_for_line(std::string_view beginning) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] {
      return std::any_of(lines_.begin(), lines_.end(),
                         [&](const std::string& each) { return each.starts_with(beginning); });
    });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

} // namespace test
