#include "testing/virtual_scheduler.hpp"

#include "caf_adapter/compat.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "testing/ready_jobs.hpp"

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

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::testing {

namespace {

constexpr int most_final_steps = 2'000'000; // when the system ends

/// The system ends: what is left comes to its end, in time that passes at once.
template <class Runner>
void run_out(Runner& runner) {
  for (int steps = 0; steps < most_final_steps;) {
    if (runner.run_one())
      ++steps;
    else if (const auto due = runner.time().next_due())
      runner.time().move_to(*due);
    else
      return;
  }
}

#if TASKACTOR_CAF_0

/// CAF's clock for tests, made safe against threads that read it and set timers. Recursive: what is shipped
/// may drop the last reference to an actor, which then cancels its timeouts.
class locked_clock final : public caf::detail::test_actor_clock {
  using guard = std::lock_guard<std::recursive_mutex>;

public:
  time_point now() const noexcept override {
    const guard lock{mutex_};
    return current_time;
  }
  std::optional<time_point> next_due() const {
    const guard lock{mutex_};
    return schedule_.empty() ? std::nullopt : std::optional{schedule_.begin()->first};
  }
  void move_to(time_point when) {
    const guard lock{mutex_};
    current_time = std::max(current_time, when);
    trigger_expired_timeouts();
  }

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override {
    const guard lock{mutex_};
    test_actor_clock::set_ordinary_timeout(t, self, type, id);
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override {
    const guard lock{mutex_};
    test_actor_clock::set_multi_timeout(t, self, type, id);
  }
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override {
    const guard lock{mutex_};
    test_actor_clock::set_request_timeout(t, self, id);
  }
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override {
    const guard lock{mutex_};
    test_actor_clock::cancel_ordinary_timeout(self, type);
  }
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override {
    const guard lock{mutex_};
    test_actor_clock::cancel_request_timeout(self, id);
  }
  void cancel_timeouts(caf::abstract_actor* self) override {
    const guard lock{mutex_};
    test_actor_clock::cancel_timeouts(self);
  }
  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override {
    const guard lock{mutex_};
    test_actor_clock::schedule_message(t, std::move(receiver), std::move(content));
  }
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override {
    const guard lock{mutex_};
    test_actor_clock::schedule_message(t, std::move(target), std::move(sender), std::move(content));
  }
  void cancel_all() override {
    const guard lock{mutex_};
    test_actor_clock::cancel_all();
  }

private:
  mutable std::recursive_mutex mutex_;
};

/// CAF's coordinator for tests, with an inbox for what other threads enqueue, and an order that can be drawn.
class runner final : public caf::scheduler::test_coordinator, public detail::hand_driven_scheduler {
public:
  runner(caf::actor_system& system, std::optional<std::uint64_t> seed)
      : test_coordinator(system), order_(seed) {}

  locked_clock& clock() noexcept override { return clock_; }
  locked_clock& time() noexcept { return clock_; }
  bool run_one() {
    arrived.move_to(jobs);
    order_.choose(jobs);
    return try_run_once();
  }
  bool run_one_of(const detail::job_choice& meant) override {
    arrived.move_to(jobs);
    return detail::run_one_of(*this, meant);
  }

  inbox arrived;

protected:
  void enqueue(caf::resumable* job) override { arrived.put(job); }
  void stop() override { run_out(*this); }

private:
  locked_clock clock_;
  order order_;
};

void install(caf::actor_system_config& config, std::optional<std::uint64_t> seed, runner*& made) {
  config.module_factories.emplace_back(
      [seed, &made](caf::actor_system& system) -> caf::actor_system::module* {
        return made = new runner{system, seed};
      });
}

#else

class locked_clock final : public caf::actor_clock {
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
  void move_to(time_point when) {
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

class runner final : public caf::scheduler, public detail::hand_driven_scheduler {
public:
  runner(locked_clock& clock, std::optional<std::uint64_t> seed) : clock_(clock), order_(seed) {}

  locked_clock& time() noexcept { return clock_; }
  bool run_one() {
    arrived.move_to(jobs_);
    if (jobs_.empty())
      return false;
    order_.choose(jobs_);
    run_first();
    return true;
  }
  bool run_one_of(const detail::job_choice& meant) override {
    arrived.move_to(jobs_);
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](auto* job) { return meant(*job); });
    if (found == jobs_.end())
      return false;
    std::rotate(jobs_.begin(), found, found + 1);
    run_first();
    return true;
  }
  void schedule(caf::resumable* job) override { arrived.put(job); }
  void delay(caf::resumable* job) override { arrived.put(job); } // detached actors' threads call it, too
  void start() override {}
  void stop() override { run_out(*this); }

  inbox arrived;

private:
  void run_first() {
    auto* job = jobs_.front();
    jobs_.pop_front();
    if (job->resume(this, 1) == caf::resumable::resume_later)
      jobs_.push_front(job);
    else
      caf::intrusive_ptr_release(job);
  }

  locked_clock& clock_;
  order order_;
  std::deque<caf::resumable*> jobs_;
};

class runner_hook final : public caf::thread_hook {
public:
  runner_hook(std::optional<std::uint64_t> seed, runner*& made) : seed_(seed), made_(made) {}
  void init(caf::actor_system& system) override {
    auto clock = std::make_unique<locked_clock>();
    auto scheduler = std::make_unique<runner>(*clock, seed_);
    made_ = scheduler.get();
    caf::detail::actor_system_access parts{system};
    parts.clock(std::move(clock));
    parts.scheduler(std::move(scheduler));
  }
  void thread_started(caf::thread_owner) override {}
  void thread_terminates() override {}

private:
  std::optional<std::uint64_t> seed_;
  runner*& made_;
};

void install(caf::actor_system_config& config, std::optional<std::uint64_t> seed, runner*& made) {
  config.add_thread_hook<runner_hook>(seed, made);
}

#endif

/// A function in the queue of actors.
class posted_job final : public caf::resumable {
public:
  explicit posted_job(std::function<void()> job) : job_(std::move(job)) {}
  resume_result resume(detail::executor*, std::size_t) override {
    job_();
    return done;
  }
#if TASKACTOR_CAF_0
  void intrusive_ptr_add_ref_impl() override { retain(); }
  void intrusive_ptr_release_impl() override { release(); }
#else
  void ref_resumable() const noexcept override { retain(); }
  void deref_resumable() const noexcept override { release(); }
#endif

private:
  void retain() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

  std::function<void()> job_;
  mutable std::atomic<int> references_{1}; // the queue's
};

} // namespace

struct virtual_scheduler::parts {
  caf::actor_system_config config;
  testing::runner* runner = nullptr;
  std::unique_ptr<caf::actor_system> system;
};

virtual_scheduler::virtual_scheduler(std::optional<std::uint64_t> seed) : parts_(std::make_unique<parts>()) {
  const detail::passing_through caller;
  install(parts_->config, seed, parts_->runner);
  parts_->system = std::make_unique<caf::actor_system>(parts_->config);
  constexpr std::chrono::hours start{1}; // the time zero stands for "not yet" here and there
  move_to(now() + start);
}

virtual_scheduler::~virtual_scheduler() = default;

caf::actor_system& virtual_scheduler::system() noexcept { return *parts_->system; }
bool virtual_scheduler::run_one() { return parts_->runner->run_one(); }
bool virtual_scheduler::can_run() const { return !parts_->runner->arrived.empty(); }
detail::time_point virtual_scheduler::now() const noexcept { return parts_->runner->time().now(); }
std::optional<detail::time_point> virtual_scheduler::next_due() const {
  return parts_->runner->time().next_due();
}
void virtual_scheduler::move_to(detail::time_point when) { parts_->runner->time().move_to(when); }
bool virtual_scheduler::wait(std::chrono::milliseconds bound) { return parts_->runner->arrived.wait(bound); }
void virtual_scheduler::wake() noexcept { parts_->runner->arrived.wake(); }
void virtual_scheduler::post(std::function<void()> job) {
  detail::run_soon(*parts_->system, new posted_job{std::move(job)});
}

} // namespace taskactor::testing
