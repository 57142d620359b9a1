/// A node's core behind its lock: what happens is told to it in `enter`, and what may call back (running a
/// call, answering one, dialling) is deferred until the lock is let go, and done by the thread that caused
/// it. Threads: any; `defer` and `note` only by what is done in `enter`.
#pragma once

#include "node/node_core.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

class event_hub;

class synchronized_core {
public:
  synchronized_core(node_core_options options, node_ports& ports, const event_hub& events);

  /// Under the lock; then what was deferred. What else of a node has this lock may be touched as well. When
  /// there is no memory, a step is left out: the link that it was for ends by its lease.
  void enter(const std::function<void(node_core&)>& what) noexcept;
  void defer(std::function<void()> what) { deferred_.push_back(std::move(what)); }
  /// For the log, as this node's.
  void note(int level, const std::string& text);
  /// Those that wait look again.
  void notify() noexcept { changed_.notify_all(); }

  template <class F>
  auto read(F f) {
    const std::lock_guard lock{mutex_};
    return f(core_);
  }
  /// Until `is(core)`, looked at whenever something has changed. False: the bound was reached before.
  template <class Predicate>
  bool wait(std::chrono::nanoseconds bound, Predicate is) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, waitable(bound), [&] { return is(core_); });
  }
  const node_self& self() const noexcept { return self_; }

private:
  static std::chrono::nanoseconds waitable(std::chrono::nanoseconds bound) noexcept;

  const node_self self_;
  const event_hub& events_;
  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  node_core core_;
  std::vector<std::function<void()>> deferred_;
};

} // namespace taskactor::detail
