/// `detail::source_watcher`: who takes what others put into a source, and doesn't stand in its line. Not for
/// users.
///
/// It is told that something has come, and takes it, or is too late, or has no room now and looks later by
/// itself.
#pragma once

#include <cstdint>
#include <exception>

namespace taskactor::detail {

/// Threads: any; told without the source's lock.
class source_watcher {
public:
  source_watcher(const source_watcher&) = delete;
  source_watcher& operator=(const source_watcher&) = delete;

  /// There may be something to take.
  virtual void items_came() noexcept = 0;
  /// Once: nothing comes any more, for that error or null. It has been removed from the source.
  virtual void source_ended(const std::exception_ptr& error) noexcept = 0;

protected:
  source_watcher() = default;
  virtual ~source_watcher() = default;

private:
  friend class source_watchers;
  friend class source_news;

  /// Under the source's lock, while it watches: it, and all that it needs, is there until `let_go`, which the
  /// same thread calls without the lock, with what this has returned.
  virtual bool hold() noexcept = 0;
  virtual void let_go(bool held) noexcept = 0;

  source_watcher* before_ = nullptr;
  source_watcher* behind_ = nullptr;
  std::uint64_t told_ = 0; // the last round that it is told of
  bool watches_ = false;
};

} // namespace taskactor::detail
