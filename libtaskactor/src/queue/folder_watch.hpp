/// `folder_watch`: the thread beside a store's own: it looks at the clock, and hears of what other processes
/// write into the store's file, by inotify on its folder.
///
///     an event --at once--> look --5 ms--> look --10 ms--> ... --160 ms--> look     then it is quiet
///
/// Another process's commit is seen some time after its last event: SQLite writes, then syncs, and a commit
/// shows when that is done. So one event leads to several looks, each of which costs one read of a counter;
/// never more than one in 5 ms, however many events there are. Its own store's events count as well, since
/// they can't be told apart.
#pragma once

#include "base/unique_fd.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace taskactor::detail {

class folder_watch {
public:
  /// Without `events`, and where there are no watches left, `look` comes with each tick alone. Errors:
  /// `std::system_error`: there is no descriptor.
  folder_watch(const std::string& file, bool events);

  /// Until `stop`. `tick` is called once in so long a time, and `look` as well. Neither blocks.
  void run(std::chrono::nanoseconds period, const std::function<void()>& tick,
           const std::function<void()>& look);
  /// Any thread.
  void stop() noexcept;

private:
  using time = std::chrono::steady_clock::time_point;

  bool wait(time until, bool events);
  bool read_events();

  std::string name_; // without the folder
  unique_fd stop_;
  unique_fd events_;
};

} // namespace taskactor::detail
