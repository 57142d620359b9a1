/// The workers of one manager: those that are free, and how they come and go.
///
/// There are never more busy workers than the process limiter has lent tokens, since a call comes here with
/// its token. Which of them are free is `idle_workers`, whether another one may be started `start_breaker`.
/// Threads: any.
#pragma once

#include "command/command_server.hpp"
#include "lifecycle/manager_core.hpp"
#include "worker/idle_workers.hpp"
#include "worker/process_call.hpp"
#include "worker/start_breaker.hpp"
#include "worker/worker_dispatcher.hpp"
#include "worker/worker_end.hpp"
#include "worker/worker_timer.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace taskactor::detail {

class worker;
class link_host;

/// What starts the processes of workers and serves their links.
struct process_host {
  command_server& commands;
  std::function<link_host&()> links; // made when this is first called
};

class worker_pool final : public worker_dispatcher, public std::enable_shared_from_this<worker_pool> {
public:
  worker_pool(manager_core& home, process_host host);
  /// Once, before the first call.
  void begin();
  worker_statistics statistics() const;

  /// To a free worker, started if there is none. The call waits while workers that were able to start don't
  /// at the moment.
  void dispatch(const ref<process_call>& call) override;
  bool forget(const process_call& whose) noexcept override;
  void count_run_again() override;
  /// As many more as there are too few. Errors: `errc::worker_not_started`.
  std::size_t prestart(std::size_t count);
  /// No more are started. Then the command server ends all.
  void stop() noexcept;

  // -- the workers' ---------------------------------------------------------
  /// It can take calls.
  void greeted(worker& which);
  /// It has answered, and goes on with the next.
  void answered(worker& which, std::chrono::steady_clock::time_point now);
  /// Sends it further calls from the limiter queue's line, if they and the one that it runs are short.
  void fill_pipeline(worker& which) noexcept;
  /// It is free again, after an answer or not.
  void release(std::shared_ptr<worker> which, bool answered, bool spoilt);
  /// Its worker has died before it could take the call. False: it isn't worth while to wait for another one.
  bool wait_again(const ref<process_call>& whose) noexcept;
  /// It has ended. False: that is known already.
  bool gone(const worker& which, worker_end::kind how, const std::string& why);

private:
  std::shared_ptr<worker> start_one(std::unique_lock<std::mutex> lock, std::string& why);
  void hold(std::unique_lock<std::mutex> lock, const ref<process_call>& whose);
  void try_later();
  void start_waiting() noexcept;
  void make_idle(std::shared_ptr<worker> which);
  void retire_idle();

  manager_core& home_;
  const process_host host_;
  worker_timer timer_;
  mutable std::mutex mutex_; // what follows
  std::vector<std::shared_ptr<worker>> all_;
  idle_workers idle_;
  start_breaker starts_;
  std::vector<ref<process_call>> waiting_; // with their tokens, for a worker: starts fail
  worker_statistics counts_;
  std::chrono::steady_clock::time_point looked_for_late_{};
};

} // namespace taskactor::detail
