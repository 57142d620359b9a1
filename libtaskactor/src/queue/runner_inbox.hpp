/// `runner_inbox`: what comes in for a job runner, until its actor takes it: what its tasks tell, the store's
/// answers, and what callers ask for; and the fence, which its tasks look at before they begin.
///
///     tasks, the store's thread, callers --tell, post--> inbox --one message--> runner_actor: runner_core
///
/// Threads: any. When it is closed, nothing comes in any more.
#pragma once

#include "base/memory.hpp"
#include "queue/store_core.hpp"

#include <taskactor/detail/ref.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::detail {

class job_task;
class manager_core;
class runner_core;

/// What a task tells its runner.
enum class job_news : std::uint8_t {
  noted, // it has something for the store: its body has begun, or has said something
  ended, // its end is known
  down,  // nothing of it runs any more
};

/// What has come in since the last turn.
struct runner_mail {
  std::vector<std::pair<ref<job_task>, job_news>> news;
  std::vector<std::function<void(runner_core&)>> calls;
  bool is_empty() const noexcept { return news.empty() && calls.empty(); }
};

class runner_inbox : public std::enable_shared_from_this<runner_inbox> {
public:
  runner_inbox(const runner_inbox&) = delete;
  runner_inbox& operator=(const runner_inbox&) = delete;

  manager_core& home() noexcept { return home_; }
  store_core& store() noexcept { return *store_; }
  caf::actor actor(); // null: it is over

  /// Perhaps under the lock of the task's record.
  void tell(ref<job_task> which, job_news what) noexcept;
  void post(std::function<void(runner_core&)> call) noexcept;
  /// What the store is to tell: `then` is called with it, on the runner's thread.
  template <class T>
  told<T> answer(void (runner_core::*then)(expected<T>)) {
    begin_call();
    return [self = shared_from_this(), then](expected<T> got) {
      std::shared_ptr<expected<T>> kept;
      once_there_is_memory([&] {
        if (!kept)
          kept = std::make_shared<expected<T>>(std::move(got));
        self->post([then, kept](runner_core& core) { (core.*then)(std::move(*kept)); });
      });
      self->end_call();
    };
  }

  // -- the fence ------------------------------------------------------------
  /// By CLOCK_BOOTTIME, which goes on while the machine sleeps; in virtual time the manager's.
  std::chrono::nanoseconds boot_now() const;
  /// No body begins from then on.
  void set_fence(std::chrono::nanoseconds at) noexcept { fence_.store(at.count()); }
  bool may_begin() const noexcept { return boot_now().count() < fence_.load(); }

protected:
  runner_inbox(manager_core& home, std::shared_ptr<store_core> from);
  ~runner_inbox() = default;

  void set_actor(caf::actor who);
  runner_mail take_mail();
  bool has_mail();
  /// What is left in it.
  runner_mail close() noexcept;

private:
  template <class Add>
  void put(Add add) noexcept;
  void begin_call() noexcept;
  void end_call() noexcept;

  manager_core& home_;
  const std::shared_ptr<store_core> store_;
  const bool waits_for_store_; // a test's clock does, while the store's thread is at work
  std::atomic<std::int64_t> fence_{0};
  std::mutex mutex_; // what follows
  caf::actor actor_; // which refers to this
  runner_mail mail_;
  bool closed_ = false;
};

} // namespace taskactor::detail
