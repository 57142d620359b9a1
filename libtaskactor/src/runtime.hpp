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

#include "runtime_actors.hpp"
#include "runtime_attachments.hpp"
#include "runtime_parts.hpp"
#include "runtime_shutdown.hpp"

#include <taskactor/manager_options.hpp>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

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
  shutdown_report shutdown(shutdown_options bounds) { return shutdown_.run(bounds); }
  /// A signal has asked for it. Waits for nothing. Again: hurries it up, if the bounds are shorter.
  void begin_shutdown(const shutdown_options& bounds, int signal) { shutdown_.begin(bounds, signal); }
  shutdown_report wait_for_shutdown() { return shutdown_.wait(); }

  // -- manager_core ---------------------------------------------------------
  caf::actor keep(caf::actor part) override { return actors_.keep(std::move(part)); }
  bool has_part(caf::actor_id which) override;
  void shut_down(shutdown_report report) override { shutdown_.report(std::move(report)); }
  bool is_taken_apart() const noexcept override { return apart_; }
  void api_over() noexcept override { api_.note_over(); }
  manager_statistics statistics() override;
  attachment& attached(attachment_kind which,
                       const std::function<std::unique_ptr<attachment>()>& make) override {
    return attachments_.get(which, make);
  }

private:
  // -- how it ends: runtime_ending.cpp --------------------------------------
  bool take_apart();
  void finish() noexcept;
  void end() noexcept;
  void finish_elsewhere();
  void on_system_end() noexcept;

  runtime_parts own_parts_;
  actor_on_demand api_;
  runtime_shutdown shutdown_{*this};
  runtime_attachments attachments_;
  runtime_actors actors_;
  bool counted_ = false; // made by an actor of the system, which may outlive its own end
  std::atomic<bool> apart_{false}, disposed_{false};
  std::unique_ptr<actor_watch> system_watch_; // of a system that isn't ours
};

} // namespace taskactor::detail
