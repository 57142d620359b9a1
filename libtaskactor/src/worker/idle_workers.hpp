/// The workers that are free, by how long they have been. The one that was used last is used next: what is
/// warm stays warm, and the rest grows old.
///
/// Threads: one at a time.
#pragma once

#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace taskactor::detail {

class worker;

class idle_workers {
public:
  /// Those that have been idle for `limit` are old.
  explicit idle_workers(std::chrono::nanoseconds limit) noexcept : limit_(limit) {}

  std::size_t size() const noexcept { return entries_.size(); }
  /// Returns when somebody has to call `take_old`; `time_point::max()`: that is known, or never.
  time_point put(std::shared_ptr<worker> which, time_point now);
  /// Null: there is none.
  std::shared_ptr<worker> take_last() noexcept;
  struct old {
    std::vector<std::shared_ptr<worker>> workers;
    time_point next; // when to call again; max: not
  };
  old take_old(time_point now);
  struct entry {
    std::shared_ptr<worker> which;
    time_point since;
  };
  std::vector<entry> take_all() noexcept { return std::exchange(entries_, {}); }
  /// Nothing, if it isn't here.
  void remove(const worker& which) noexcept;

private:
  const std::chrono::nanoseconds limit_;
  std::vector<entry> entries_; // the longest first
  bool awaited_ = false;       // somebody will call `take_old`
};

} // namespace taskactor::detail
