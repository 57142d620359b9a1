/// `folder_watch`: the thread beside a store's own: it looks at the clock, and hears of what other processes
/// write into the store's file, by inotify on its folder.
///
///     an event --at once--> look --5 ms--> look --10 ms--> ... --160 ms--> look     then it is quiet
///     of its own store --at once--> look --40 ms--> look
///
/// Another process's commit is seen some time after its last event: SQLite writes, then syncs, and a commit
/// shows when that is done. So one event leads to several looks, each of which costs one read of a counter;
/// never more than one in 5 ms, however many events there are.
///
/// Events that come while its own store makes a call, or just after, may be that one's. If it writes, others
/// can't write meanwhile, and what they have written before shows at once; so two looks do, unless others
/// have written lately. An event of others that comes during a call that only reads is so taken for an own
/// one, and has two looks; what those miss is seen by the next look, within two periods.
#pragma once

#include "base/unique_fd.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace taskactor::detail {

class folder_watch {
public:
  /// Its own store makes a call, which may write, from here to the end of this. The store's thread.
  class own_writes {
  public:
    explicit own_writes(folder_watch& of) noexcept : of_(of) { ++of_.calls_; }
    own_writes(const own_writes&) = delete;
    own_writes& operator=(const own_writes&) = delete;
    ~own_writes() {
      of_.call_ended_ = std::chrono::steady_clock::now();
      --of_.calls_;
    }

  private:
    folder_watch& of_;
  };

  /// Without `events`, and where there are no watches left, `look` comes with each tick alone. Errors:
  /// `std::system_error`: there is no descriptor.
  folder_watch(const std::string& file, bool events);

  /// Until `stop`. `tick` is called once in so long a time; so is `look`, or with events once in twice the
  /// time. Neither blocks.
  void run(std::chrono::nanoseconds period, const std::function<void()>& tick,
           const std::function<void()>& look);
  /// Any thread.
  void stop() noexcept;
  /// A look has found that others have written. Any thread.
  void saw_others() noexcept { others_ = std::chrono::steady_clock::now(); }

private:
  using time = std::chrono::steady_clock::time_point;

  /// After an event: a look at once, after `step`, twice that, and so on until `last`.
  struct looks {
    std::chrono::milliseconds step, last;
  };

  bool wait(time until, bool events);
  bool read_events();
  looks wanted_looks(time now) noexcept;

  std::string name_; // without the folder
  unique_fd stop_;
  unique_fd events_;
  std::atomic<int> calls_{0}; // of its own store that are under way
  std::atomic<time> call_ended_{time{}};
  std::atomic<time> others_{time{}}; // when they were last seen to have written
};

} // namespace taskactor::detail
