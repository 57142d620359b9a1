#include "virtual_time.hpp"

#include "run/runtime.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace test {

/// CAF's coordinator for tests, made safe against real threads that enqueue.
class locked_coordinator final : public caf::scheduler::test_coordinator {
public:
  using test_coordinator::test_coordinator;

  /// Runs until nothing is left; false: it goes on and on.
  bool drain() {
    for (int count = 0; count < 2'000'000; ++count) {
      take_inbox();
      if (!try_run_once())
        return true;
    }
    return false;
  }
  /// False: nothing came.
  bool wait_for_inbox(std::chrono::milliseconds bound) {
    std::unique_lock lock{mutex_};
    return filled_.wait_for(lock, bound, [this] { return !inbox_.empty(); });
  }

protected:
  void enqueue(caf::resumable* job) override {
    const std::lock_guard lock{mutex_};
    inbox_.push_back(job);
    filled_.notify_all();
  }
  void stop() override {
    while (drain() && trigger_timeout()) {
    }
  }

private:
  void take_inbox() {
    const std::lock_guard lock{mutex_};
    jobs.insert(jobs.end(), inbox_.begin(), inbox_.end());
    inbox_.clear();
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<caf::resumable*> inbox_;
};

virtual_time::virtual_time(ta::manager_options options)
    : owner([&] {
        config_.module_factories.emplace_back(
            [this](caf::actor_system& system) -> caf::actor_system::module* {
              return coordinator_ = new locked_coordinator{system};
            });
        system_ = std::make_unique<caf::actor_system>(config_);
        coordinator_->advance_time(1h);
        return std::make_unique<ta::task_manager>(*system_, std::move(options));
      }()),
      tasks(*owner) {
  ta::detail::runtime_of(tasks).set_wait_strategy(
      [this](std::unique_lock<std::mutex>& lock, std::condition_variable&, const std::function<bool()>& done,
             std::chrono::steady_clock::time_point until) {
        lock.unlock();
        run_until([&] {
          const std::lock_guard guard{*lock.mutex()};
          return done() || now() >= until;
        });
        lock.lock();
      });
}

virtual_time::~virtual_time() { owner.reset(); }

void virtual_time::settle() {
  if (!coordinator_->drain())
    throw std::runtime_error{"virtual time: the jobs never end"};
}

void virtual_time::advance(std::chrono::nanoseconds duration) {
  settle();
  const auto end = now() + duration;
  auto& clock = coordinator_->clock();
  while (!clock.schedule().empty() && clock.schedule().begin()->first <= end) {
    clock.advance_time(std::max(0ns, std::chrono::nanoseconds{clock.schedule().begin()->first - now()}));
    settle();
  }
  clock.advance_time(end - now());
  settle();
}

bool virtual_time::jump() {
  const bool jumped = coordinator_->trigger_timeout();
  settle();
  return jumped;
}

void virtual_time::run_until(const std::function<bool()>& done) {
  for (;;) {
    settle();
    if (done())
      return;
    const auto facts = tasks.statistics();
    const bool real_work = facts.thread.in_use + facts.process.in_use != 0;
    if (real_work && coordinator_->wait_for_inbox(patience))
      continue;
    if (!jump() && !coordinator_->wait_for_inbox(100ms))
      throw std::runtime_error{"virtual time: deadlock, nothing is due and nothing runs"};
  }
}

void virtual_time::wait_for_wake(std::chrono::milliseconds bound) {
  (void)coordinator_->wait_for_inbox(bound);
}

std::chrono::steady_clock::time_point virtual_time::now() const { return coordinator_->clock().now(); }

} // namespace test
