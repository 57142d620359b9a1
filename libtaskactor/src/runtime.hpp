/// `runtime`: what one manager consists of, put together and taken apart in order.
///
///     task_table   the published table                        any thread
///     manager      admits, starts, supervises, reports        one actor
///     limiters     lend tokens: global, thread, process       an actor each
///     queues       bring thread calls and processes through theirs
///     thread_pool, disposal, command_server, event_hub        threads
///
/// The parts know each other by `manager_core`; this is known to the front door alone. It outlives every
/// record that hasn't ended. When something can't be ended (a thread that never returns), it is never
/// destroyed, nor the actor system: what still runs may go on using it.
#pragma once

#include "capacity/named_limiter.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/batch_book.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/notification_list.hpp"
#include "lifecycle/room.hpp"
#include "threads/waits.hpp"

#include <taskactor/manager_options.hpp>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace taskactor::detail {

class actor_watch;

/// `task_manager::configure`.
void install_scheduler(caf::actor_system_config& config);

/// The actor system that a manager runs in: one that it makes, or the user's.
struct runtime_system {
  /// Errors: those of `resolve`, before anything is made.
  runtime_system(caf::actor_system* given, const manager_options& options);

  settings resolved;
  std::unique_ptr<caf::actor_system_config> config;
  std::unique_ptr<caf::actor_system> owned; // null: it is the user's
  caf::actor_system& used;
};

class runtime final : private runtime_system, public manager_core {
public:
  /// Null `system`: makes its own.
  runtime(caf::actor_system* system, manager_options options);
  ~runtime();
  /// Shuts down, and destroys `which` unless something runs in it: elsewhere, if it can't be waited for here.
  static void dispose(runtime* which) noexcept;

  caf::actor api(); // whom users' actors ask
  shutdown_report shutdown(shutdown_options bounds);
  void resize(limiter_kind which, std::size_t to);

  // -- manager_core ---------------------------------------------------------
  caf::actor keep(caf::actor part) override;
  bool has_part(caf::actor_id which) override;
  void shut_down(shutdown_report report) override;
  bool is_taken_apart() const noexcept override { return apart_; }
  void api_over() noexcept override { api_over_ = true; }
  manager_statistics statistics() override;
  attachment& attached(attachment_kind which,
                       const std::function<std::unique_ptr<attachment>()>& make) override;

private:
  void start_watch();
  // -- how it ends, and how that is waited for: runtime_ending.cpp ----------
  void see_off_disposals(shutdown_report& report, std::chrono::nanoseconds bound);
  void begin_shutdown(const shutdown_options& bounds);
  void wait_for_report(std::unique_lock<std::mutex>& lock, shutdown_options bounds);
  void take_apart();
  void finish() noexcept;
  void end() noexcept;
  void finish_elsewhere();
  void on_system_end() noexcept;

  std::shared_ptr<event_hub> events_;
  std::unique_ptr<task_table> table_;
  notification_list notifications_;
  std::shared_ptr<timers> timers_;
  std::shared_ptr<stall_detector> watch_;
  limiter_registry limits_;
  std::shared_ptr<limiter_queue> thread_queue_, process_queue_;
  std::shared_ptr<thread_pool> threads_;
  ref<disposal> disposals_;
  dependent_list dependents_;
  batch_book batches_;
  detail::room room_;
  detail::admission admission_{*this};
  detail::waits waits_{*this};
  std::mutex api_mutex_; // what follows
  caf::actor api_;
  std::atomic<bool> api_over_{false}, apart_{false};
  std::mutex mutex_; // what follows
  std::condition_variable ended_;
  std::optional<shutdown_report> report_;
  std::array<std::unique_ptr<attachment>, attachment_kinds> attachments_;
  std::vector<caf::actor> kept_; // our actors, in order of starting
  std::size_t alive_ = 0;        // how many of them have not ended
  bool clean_ = false;
  bool counted_ = false; // made by an actor of the system, which may outlive its own end
  std::atomic<bool> disposed_{false}, system_over_{false};
  std::unique_ptr<actor_watch> system_watch_; // of a system that isn't ours
};

} // namespace taskactor::detail
