/// `job_scheduler_inbox`: what comes in for a job scheduler until its actor's next turn: the store's answers,
/// and that something has changed.
///
///     the store's thread, callers --post, notice--> inbox --one message--> scheduler_actor
///
/// Threads: any. Once it is closed nothing comes in any more, and the manager is asked for nothing.
#pragma once

#include <caf/actor.hpp>

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class manager_core;
class job_scheduler_host;

class job_scheduler_inbox {
public:
  using answer = std::function<void(job_scheduler_host&)>;
  struct mail {
    std::vector<answer> answers{};
    bool over = false;
  };

  /// `waits_for_store`: a test's clock does, while a call is under way on the store's thread.
  job_scheduler_inbox(manager_core& home, bool waits_for_store) noexcept
      : home_(home), waits_for_store_(waits_for_store) {}
  job_scheduler_inbox(const job_scheduler_inbox&) = delete;
  job_scheduler_inbox& operator=(const job_scheduler_inbox&) = delete;

  void set_actor(caf::actor who);
  void post(const answer& what) noexcept;
  /// Somebody has written a schedule, or set a test's clock.
  void notice() noexcept;
  void begin_call() noexcept;
  void end_call() noexcept;

  mail take() noexcept;
  /// Whether something has changed since it was asked last.
  bool take_notice() noexcept;
  /// False: it was closed before.
  bool close() noexcept;
  bool is_closed() noexcept;

private:
  void wake() noexcept;

  manager_core& home_;
  const bool waits_for_store_;
  std::mutex mutex_; // what follows
  caf::actor actor_;
  std::vector<answer> answers_;
  bool told_ = false, noticed_ = true, over_ = false;
  std::size_t calls_ = 0; // under way
};

} // namespace taskactor::detail
