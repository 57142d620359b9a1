/// The workers of one manager: those that are free, and how they come and go.
///
/// There are never more busy workers than the process limiter has lent tokens, since a call comes here with
/// its token. The one that was used last is used next: what is warm stays warm, and the rest grows old.
/// Threads: any.
#pragma once

#include "command/command_server.hpp"
#include "lifecycle/manager_core.hpp"
#include "worker/call_dispatcher.hpp"
#include "worker/worker_end.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace taskactor::detail {

class worker;
class link_host;

/// What this process is to the pool: a worker must have none, a program without `worker_entry` can't.
enum class program_role { unknown, parent, worker };
void set_program_role(program_role role) noexcept;
program_role get_program_role() noexcept;
[[noreturn]] void not_started(const std::string& why);

class worker_pool final : public call_dispatcher, public std::enable_shared_from_this<worker_pool> {
public:
  worker_pool(manager_core& home, command_server& commands);
  /// Once, before the first call.
  void begin();
  ~worker_pool();

  manager_core& home() noexcept { return home_; }
  command_server& commands() noexcept { return commands_; }
  link_host& links();
  worker_statistics statistics() const;

  /// To a free worker, started if there is none. The call waits while workers that were able to start don't
  /// at the moment.
  void dispatch(const ref<process_call>& call) override;
  /// Its worker has died before it could take the call. False: it isn't worth while to wait for another one.
  bool wait_again(const ref<process_call>& whose) noexcept;
  bool forget(const process_call& whose) noexcept override;
  /// As many more as there are too few. Errors: `errc::worker_not_started`.
  std::size_t prestart(std::size_t count);
  /// It is free again, after an answer or not.
  void release(std::shared_ptr<worker> which, bool answered, bool spoilt);
  /// It has answered, and goes on with the next.
  void answered(worker& which, std::chrono::steady_clock::time_point now);
  void count_prefetched(std::size_t calls);
  void count_run_again() override;
  /// How many calls it may still be given.
  std::size_t calls_left(worker& which) const;
  /// It can take calls.
  void greeted(worker& which);
  /// It has ended. False: that is known already.
  bool gone(const worker& which, worker_end::kind how, const std::string& why);
  /// The pool's actor: it may be time.
  void retire_idle();
  void start_waiting() noexcept;

  /// No more are started. Then the command server ends all; then `finish`.
  void stop() noexcept;
  void finish() noexcept;

private:
  /// Starts that fail one after the other, before the next has to wait.
  static constexpr unsigned failures_at_once = 3;
  /// So many, and calls don't wait any more for a program that was able to start.
  static constexpr unsigned failures_waited_for = 8;
  static constexpr std::chrono::milliseconds first_pause{100};
  static constexpr std::chrono::seconds longest_pause{10};

  /// It is the caller's. Null: the call waits.
  std::shared_ptr<worker> find_free(const ref<process_call>& whose);
  std::shared_ptr<worker> start_one(std::unique_lock<std::mutex> lock, std::string& why);
  std::chrono::milliseconds pause_left() const;
  void check_pause() const;
  bool may_wait() const noexcept;
  bool holds_back() const;
  void hold(std::unique_lock<std::mutex> lock, const ref<process_call>& whose);
  void try_later();
  /// Null: it may go on. Under the lock.
  const char* worn_out(const worker& which);
  void make_idle(std::shared_ptr<worker> which);
  void look_later(time_point when);
  caf::strong_actor_ptr timekeeper();
  /// A token is free: somebody has more calls than it can run.
  void share_out() noexcept;

  manager_core& home_;
  command_server& commands_;
  std::once_flag links_made_, actor_made_;
  std::unique_ptr<link_host> links_;
  caf::actor actor_;
  mutable std::mutex mutex_;                  // what follows
  std::vector<std::shared_ptr<worker>> idle_; // by how long they have been, the longest first
  std::vector<std::shared_ptr<worker>> all_;
  std::vector<ref<process_call>> waiting_; // with their tokens, for a worker: starts fail
  worker_statistics counts_;
  std::chrono::steady_clock::time_point looked_for_late_{}, no_start_before_{};
  std::string why_not_started_;
  std::size_t alive_ = 0;      // of them, that were able to start
  unsigned starts_failed_ = 0; // one after the other
  bool trying_ = false;        // whether they still do is being tried
  bool has_greeted_ = false;   // one of them: the program can be a worker
  bool looking_ = false;       // the actor is told when the first of them may have been idle for long enough
  bool stopping_ = false;
};

} // namespace taskactor::detail
