/// `runner_host`: a job runner, for its manager and for who asks for it: starts its actor, publishes what
/// that says of itself, and has callers wait.
///
///     runner_core --publish--> status --> callers
///
/// The actor has a thread of its own, but in virtual time, where it has its turn as any. It is a dependent of
/// its manager: the shutdown asks it to leave, and waits for that; with an actor system that ends first it is
/// left behind (`attached_member`). Threads: any.
#pragma once

#include "lifecycle/attached_members.hpp"
#include "queue/runner_inbox.hpp"
#include "queue/runner_plan.hpp"

#include <taskactor/manager_options.hpp>
#include <taskactor/queue/job_runner.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace taskactor::detail {

struct runner_status {
  runner_statistics counts{};
  bool idle = false;
  std::optional<time_point> next_due{}; // of delayed jobs, and of those that wait for a rate
};

class runner_host final : public runner_inbox, public attached_member {
public:
  /// Errors: as `job_runner`'s.
  static std::shared_ptr<runner_host> start(task_manager& tasks, std::shared_ptr<store_core> from,
                                            job_runner_options options);
  runner_host(manager_core& home, std::shared_ptr<store_core> from, runner_plan plan);

  const runner_plan& plan() const noexcept { return plan_; }

  // -- its actor ------------------------------------------------------------
  runner_mail take();
  void publish(const runner_status& what);
  /// Its actor has ended. `clean`: nothing of it is left in the store.
  void over(bool clean) noexcept;

  // -- callers --------------------------------------------------------------
  bool stop_within(const shutdown_options& bounds);
  void end() noexcept; // the destructor's
  bool wait_until_idle(std::chrono::nanoseconds limit);
  runner_status status();
  void stop() noexcept override; // as an `attached_member`

private:
  void say_trouble(const runner_statistics& counts);
  bool wait_over(std::chrono::nanoseconds limit);

  const runner_plan plan_;
  struct {
    bool said = false;
    time_point at{};
  } trouble_;        // with the store, the actor's
  std::mutex mutex_; // what follows; before the inbox's
  std::condition_variable changed_;
  runner_status status_;
  bool over_ = false, clean_ = false;
};

} // namespace taskactor::detail
