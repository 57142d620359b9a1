#include "manual_system.hpp"

#include "caf_compat.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#if TASKACTOR_CAF_0
#include <caf/scheduler/test_coordinator.hpp>
#else
#include <caf/action.hpp>
#include <caf/detail/actor_system_access.hpp>
#include <caf/disposable.hpp>
#include <caf/scheduler.hpp>
#include <caf/thread_hook.hpp>
#include <caf/thread_owner.hpp>

#include <map>
#endif

namespace test {

namespace {

/// What real threads have enqueued, until the test's thread takes it.
class inbox {
public:
  void put(caf::resumable* job) {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(job);
    filled_.notify_all();
  }
  void move_to(std::deque<caf::resumable*>& jobs) {
    const std::lock_guard lock{mutex_};
    jobs.insert(jobs.end(), jobs_.begin(), jobs_.end());
    jobs_.clear();
  }
  bool wait(std::chrono::milliseconds bound) {
    std::unique_lock lock{mutex_};
    return filled_.wait_for(lock, bound, [this] { return !jobs_.empty(); });
  }

private:
  std::mutex mutex_; // what follows
  std::condition_variable filled_;
  std::vector<caf::resumable*> jobs_;
};

constexpr int endless = 2'000'000; // jobs in a row

} // namespace

#if TASKACTOR_CAF_0

/// CAF's scheduler for tests, made safe against real threads that enqueue.
class manual_scheduler final : public caf::scheduler::test_coordinator {
public:
  using test_coordinator::test_coordinator;

  bool drain() {
    for (int count = 0; count < endless; ++count) {
      arrived.move_to(jobs);
      if (!try_run_once())
        return true;
    }
    return false;
  }
  std::optional<manual_system::time_point> next_due() {
    const auto& due = clock().schedule();
    return due.empty() ? std::nullopt : std::optional{due.begin()->first};
  }
  void advance_to(manual_system::time_point when) { advance_time(when - clock().now()); }

  inbox arrived;

protected:
  void enqueue(caf::resumable* job) override { arrived.put(job); }
  void stop() override {
    while (drain() && trigger_timeout()) {
    }
  }
};

manual_system::manual_system() {
  config_.module_factories.emplace_back([this](caf::actor_system& system) -> caf::actor_system::module* {
    return scheduler_ = new manual_scheduler{system};
  });
  system_ = std::make_unique<caf::actor_system>(config_);
}

manual_system::time_point manual_system::now() const { return scheduler_->clock().now(); }

#else

namespace {

class manual_clock final : public caf::actor_clock {
public:
  using actor_clock::schedule;
  time_point now() const noexcept override {
    const std::lock_guard lock{mutex_};
    return now_;
  }
  caf::disposable schedule(time_point when, caf::action what) override {
    const std::lock_guard lock{mutex_};
    due_.emplace(when, what);
    return std::move(what).as_disposable();
  }
  std::optional<time_point> next_due() const {
    const std::lock_guard lock{mutex_};
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first};
  }
  void advance_to(time_point when) {
    std::unique_lock lock{mutex_};
    now_ = std::max(now_, when);
    while (!due_.empty() && due_.begin()->first <= now_) {
      auto what = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      lock.unlock();
      what.run(); // nothing, if it was disposed of
      lock.lock();
    }
  }

private:
  mutable std::mutex mutex_; // what follows
  time_point now_{duration_type{1}};
  std::multimap<time_point, caf::action> due_;
};

} // namespace

class manual_scheduler final : public caf::scheduler {
public:
  explicit manual_scheduler(manual_clock& time) : clock(time) {}

  bool drain() {
    for (int count = 0; count < endless; ++count) {
      arrived.move_to(jobs_);
      if (jobs_.empty())
        return true;
      auto* job = jobs_.front();
      jobs_.pop_front();
      if (job->resume(this, 1) == caf::resumable::resume_later)
        jobs_.push_front(job);
      else
        caf::intrusive_ptr_release(job);
    }
    return false;
  }
  std::optional<manual_system::time_point> next_due() { return clock.next_due(); }
  void advance_to(manual_system::time_point when) { clock.advance_to(when); }

  void schedule(caf::resumable* job) override { arrived.put(job); }
  void delay(caf::resumable* job) override { jobs_.push_back(job); }
  void start() override {}
  void stop() override {
    while (drain() && next_due())
      advance_to(*next_due());
  }

  inbox arrived;
  manual_clock& clock;

private:
  std::deque<caf::resumable*> jobs_;
};

namespace {

class manual_hook final : public caf::thread_hook {
public:
  explicit manual_hook(manual_scheduler*& made) : made_(made) {}
  void init(caf::actor_system& system) override {
    auto clock = std::make_unique<manual_clock>();
    auto scheduler = std::make_unique<manual_scheduler>(*clock);
    made_ = scheduler.get();
    caf::detail::actor_system_access parts{system};
    parts.clock(std::move(clock));
    parts.scheduler(std::move(scheduler));
  }
  void thread_started(caf::thread_owner) override {}
  void thread_terminates() override {}

private:
  manual_scheduler*& made_;
};

} // namespace

manual_system::manual_system() {
  config_.add_thread_hook<manual_hook>(scheduler_);
  system_ = std::make_unique<caf::actor_system>(config_);
}

manual_system::time_point manual_system::now() const { return scheduler_->clock.now(); }

#endif

manual_system::~manual_system() = default;

bool manual_system::drain() { return scheduler_->drain(); }

bool manual_system::wait_for_job(std::chrono::milliseconds bound) { return scheduler_->arrived.wait(bound); }

std::optional<manual_system::time_point> manual_system::next_due() const { return scheduler_->next_due(); }

void manual_system::advance_to(time_point when) { scheduler_->advance_to(std::max(when, now())); }

} // namespace test
