/// `runtime`: what one manager consists of, put together and taken apart in order.
///
///     task_table   the published table                        any thread
///     manager      admits, starts, supervises, reports        one actor
///     limiters     lend tokens: global, thread, process       an actor each
///     queues       bring thread calls and processes through theirs
///     thread_pool, disposal, command_server, event_hub        threads
///
/// It outlives every record that hasn't ended. When something can't be ended (a thread that never returns),
/// it is never destroyed, nor the actor system: what still runs may go on using it.
#pragma once

#include "base/spin_then_park.hpp"
#include "base/striped_count.hpp"
#include "capacity/limiter_queue.hpp"
#include "capacity/named_limiter.hpp"
#include "events/hub.hpp"
#include "lifecycle/attachment.hpp"
#include "lifecycle/batch_book.hpp"
#include "lifecycle/callers.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_calls.hpp"
#include "lifecycle/notification_list.hpp"
#include "lifecycle/settings.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/timers.hpp"
#include "lifecycle/wait_strategy.hpp"
#include "threads/disposal.hpp"
#include "threads/stall_detector.hpp"

#include <taskactor/manager_options.hpp>

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace taskactor::detail {

class actor_watch;
class run_queue;
class semaphore;

/// For a call that may block, before it does anything. Errors: `errc::would_block` inside a coroutine body.
void refuse_inside_coroutine();
class runtime {
public:
  /// Null `system`: makes its own.
  runtime(caf::actor_system* system, manager_options options);
  ~runtime();
  /// Shuts down, and destroys `which` unless something runs in it: elsewhere, if not `may_wait_here`.
  static void dispose(runtime* which) noexcept;
  bool may_wait_here() noexcept; // false: a wait for actors may be in vain here, or hold them up
  bool is_run_by_hand() const noexcept { return by_hand_; } // nothing runs, nor does time pass, but by a test
  caf::actor_system& system() noexcept { return *system_; }
  const caf::actor& manager() const noexcept { return manager_; }
  const settings& with() const noexcept { return settings_; }
  task_table& table() noexcept { return *table_; }
  thread_pool& threads() noexcept { return *threads_; }
  disposal& disposals() noexcept { return *disposals_; }
  limiter_queue& thread_queue() noexcept { return *thread_queue_; }
  stall_detector* watch() const noexcept { return watch_.get(); } // null: nobody watches
  limiter_queue& process_queue() noexcept { return *process_queue_; }
  /// The scheduler's, if that is ours, else null; and what the manager is in it.
  run_queue* queue() const noexcept { return queue_; }
  const caf::resumable* managers_turn() const noexcept { return managers_turn_; }
  notification_list& notifications() noexcept { return notifications_; }
  /// A body has something to tell the manager: bits of `record::notifications`. Threads: any.
  void tell(record& task, std::uint8_t what) noexcept;
  timers& sleepers() noexcept { return *timers_; }
  event_hub& events() noexcept { return *events_; }
  dependent_list& dependents() noexcept { return dependents_; }
  batch_book& batches() noexcept { return batches_; }
  time_point now() const noexcept { return system_->clock().now(); }

  // -- from callers' threads. `joined`: with `on_duplicate::join`, what is there already.
  std::optional<rejection> admit(ref<record> task, task_options&& options, ref<record>& joined);
  bool admit_slot(ref<record> slot); // false: no more work is taken
  cancel_reply cancel(record& task, end_reason why);
  cancel_reply cancel_task(std::string_view id);
  std::size_t cancel_all();
  std::vector<task_info> task_status();
  std::optional<task_info> find(std::string_view id);
  ref<record> find_record(std::string_view id);
  caf::actor api(); // whom users' actors ask; `api_over`: it has ended
  void api_over() noexcept { api_over_ = true; }
  bool is_taken_apart() const noexcept { return apart_; }
  void kill(record& task);
  void resize(limiter_kind which, std::size_t capacity);
  /// Errors: `errc::invalid_argument`, also for a name that is taken.
  void add_limiter(std::string name, const limiter_options& options);
  /// Errors: `errc::invalid_argument`, for a name that isn't there.
  named_limiter& limiter_of(std::string_view name);
  void change(named_limiter& which, const limiter_options& to);
  limiter_registry& limits() noexcept { return limits_; }
  void tell_room(); // the manager's: some have ended
  manager_statistics statistics();
  shutdown_report shutdown(shutdown_options bounds);
  /// Waits until `done()` or `until`, woken by `changed`; a task's thread lends tokens, not in `wait_here`.
  void block(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
             const std::function<bool()>& done, time_point until = time_point::max());
  void wait_here(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                 const std::function<bool()>& done, time_point until);
  /// The same for a post. True: it has come.
  bool block(semaphore& posted, time_point until);
  bool wait_here(semaphore& posted, time_point until);
  void set_wait_strategy(wait_strategy strategy) { wait_ = std::move(strategy); }
  void set_fault_injector(fault_injector* decides) noexcept { fault_injector_ = decides; }
  fault_injector* decides() const noexcept { return fault_injector_; } // null in production
  /// A random time below `limit`; zero for a limit of zero.
  std::chrono::nanoseconds random_below(std::chrono::nanoseconds limit);
  std::string next_gather_id();
  /// The one attachment (the command server); `make` is called once.
  attachment& attached(const std::function<std::unique_ptr<attachment>(caf::actor_system&)>& make);
  // -- the manager's published counts ---------------------------------------
  std::atomic<std::size_t> waiting{0}, set_aside{0}, running{0}, tokens_used{0}, overrunning{0}, capacity{0};
  std::atomic<std::uint64_t> overruns{0}, young_overruns{0}; // these aren't left behind yet, nor counted
  striped_count items;
  detail::callers callers; // by handles, which may outlive this

  // -- reports --------------------------------------------------------------
  void report(event_kind kind, const record& task, const std::string& text = {});
  void report_progress(const record& task, std::uint64_t done, std::uint64_t total, std::string text);
  void report_cleanup_fault(const record& task, const std::exception_ptr& thrown) noexcept;
  void report_blocked(const blocked_turn& turn);
  void shut_down(shutdown_report report); // the manager's: all has ended, or the last stage is over
  caf::actor keep(caf::actor part);       // ended with the others when the manager is taken apart

private:
  std::optional<rejection> fill_in(record& task, task_options& options);
  std::optional<rejection> wait_for_room(const task_options& options, const record& task);
  void see_off_disposals(shutdown_report& report, std::chrono::nanoseconds bound);
  void start_watch();
  // -- how it ends, and how that is waited for: runtime_ending.cpp ----------
  void begin_shutdown(const shutdown_options& bounds);
  void wait_for_report(std::unique_lock<std::mutex>& lock, shutdown_options bounds);
  void take_apart();
  void finish() noexcept;
  void end() noexcept;
  void finish_elsewhere();
  void on_system_end() noexcept;
  /// Where a test runs the actors (CAF's coordinator for tests): runs ours while it waits.
  void wait_by_hand(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                    const std::function<bool()>& done, time_point until);
  bool owns(const caf::resumable& job), has_real_work();

  settings settings_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> owned_;
  caf::actor_system* system_;
  std::shared_ptr<event_hub> events_;
  std::unique_ptr<task_table> table_;
  notification_list notifications_;
  std::shared_ptr<timers> timers_;
  std::shared_ptr<stall_detector> watch_;
  caf::actor limiters_[3];
  limiter_registry limits_;
  std::shared_ptr<limiter_queue> thread_queue_, process_queue_;
  std::shared_ptr<thread_pool> threads_;
  ref<disposal> disposals_;
  caf::actor manager_;
  run_queue* queue_ = nullptr;
  const caf::resumable* managers_turn_ = nullptr;
  std::mutex api_mutex_; // what follows
  caf::actor api_;
  std::atomic<bool> api_over_{false}, apart_{false};
  wait_strategy wait_;
  spin_then_park spins_;
  fault_injector* fault_injector_ = nullptr;
  dependent_list dependents_;
  batch_book batches_;
  std::atomic<std::uint64_t> gathers_{0};
  std::atomic<std::size_t> waiting_for_room_{0};
  std::mutex mutex_; // what follows
  std::condition_variable room_, ended_;
  std::optional<shutdown_report> report_;
  std::unique_ptr<attachment> attachment_;
  std::vector<caf::actor> parts_; // our actors, in order of starting
  std::size_t alive_ = 0;         // how many of them have not ended
  bool clean_ = false;
  const bool by_hand_;
  bool counted_ = false; // made by an actor of the system, which may outlive its own end
  const std::thread::id made_on_ = std::this_thread::get_id();
  std::atomic<bool> disposed_{false}, system_over_{false};
  std::unique_ptr<actor_watch> system_watch_; // of a system that isn't ours
};

} // namespace taskactor::detail
