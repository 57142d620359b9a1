#include "run_queue.hpp"

#include "../messages.hpp"
#include "runtime.hpp"
#include "task_actor.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <chrono>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::chrono::microseconds slice{500};
constexpr std::chrono::microseconds patience{5};

/// What a worker does with a job that it has resumed.
void settle(caf::resumable* job, caf::resumable::resume_result how, caf::execution_unit* unit) {
  if (how == caf::resumable::resume_later)
    unit->exec_later(job);
  else
    caf::intrusive_ptr_release(job);
}

/// Keeps the manager back when a task's end makes it ready; other actors go the ordinary way.
class keeping_unit final : public caf::execution_unit {
public:
  keeping_unit(caf::execution_unit* real, caf::resumable* manager)
      : execution_unit(&real->system()), real_(real), manager_(manager) {}
  void exec_later(caf::resumable* job) override {
    if (job == manager_)
      ready_ = true;
    else
      real_->exec_later(job);
  }
  void run_manager() {
    if (std::exchange(ready_, false))
      settle(manager_, manager_->resume(real_, throughput), real_);
  }

private:
  static constexpr std::size_t throughput = 300;
  caf::execution_unit* real_;
  caf::resumable* manager_;
  bool ready_ = false;
};

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

} // namespace

void run_queue::push(task_actor* task, caf::execution_unit* unit) {
  bool needs_runner = false;
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back(task);
    waiting_.store(queue_.size(), std::memory_order_relaxed);
    if (lookers_ == 0 && active_ < workers_) {
      needs_runner = true;
      ++active_;
      ++lookers_;
    }
  }
  if (needs_runner)
    activate(unit);
}

void run_queue::activate(caf::execution_unit* unit) {
  ref();
  if (unit)
    unit->exec_later(this);
  else
    home_.system().scheduler().enqueue(this);
}

task_actor* run_queue::pop(caf::execution_unit* unit) {
  bool needs_runner = false;
  task_actor* task = nullptr;
  {
    const std::lock_guard lock{mutex_};
    if (queue_.empty())
      return nullptr;
    task = queue_.front();
    queue_.pop_front();
    waiting_.store(queue_.size(), std::memory_order_relaxed);
    --lookers_;
    if (!queue_.empty() && lookers_ == 0 && active_ < workers_) { // rule 2
      needs_runner = true;
      ++active_;
      ++lookers_;
    }
  }
  if (needs_runner)
    activate(unit);
  return task;
}

void run_queue::back_from_body() {
  const std::lock_guard lock{mutex_};
  ++lookers_;
}

void run_queue::run(task_actor* task, caf::execution_unit* unit) {
  settle(task, task->resume(unit, 1), unit);
}

/// Rule 4. True: there is a task.
bool run_queue::look_on(caf::execution_unit* unit) {
  {
    const std::lock_guard lock{mutex_};
    if (looking_on_ || stopping_)
      return !queue_.empty();
    looking_on_ = true;
  }
  const bool attends = home_.table().attend();
  const auto end = std::chrono::steady_clock::now() + patience;
  while (waiting_.load(std::memory_order_relaxed) == 0 && !(attends && home_.table().has_incoming())
         && !stopping_.load(std::memory_order_relaxed) && std::chrono::steady_clock::now() < end)
    for (int i = 0; i < 16; ++i)
      relax();
  if (attends && home_.table().leave_off()) {
    auto* manager = caf::actor_cast<caf::abstract_actor*>(home_.manager());
    manager->eq_impl(caf::make_message_id(), nullptr, unit, work_admitted{});
  }
  const std::lock_guard lock{mutex_};
  looking_on_ = false;
  return !queue_.empty();
}

/// False: a task has come meanwhile.
bool run_queue::leave() {
  {
    const std::lock_guard lock{mutex_};
    if (!queue_.empty())
      return false;
    if (!stopping_) {
      --lookers_;
      --active_;
      return true;
    }
  }
  const std::lock_guard outer{*guard_};
  const std::lock_guard lock{mutex_};
  --lookers_;
  --active_;
  left_->notify_all();
  return true;
}

caf::resumable::resume_result run_queue::resume(caf::execution_unit* unit, std::size_t) {
  auto* manager = dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(home_.manager()));
  keeping_unit keeper{unit, manager};
  const auto end = std::chrono::steady_clock::now() + slice;
  for (;;) {
    if (auto* task = pop(unit)) {
      run(task, &keeper);
      back_from_body();
      keeper.run_manager();
      if (std::chrono::steady_clock::now() >= end)
        return resume_later;
      continue;
    }
    if (look_on(&keeper)) {
      keeper.run_manager();
      continue;
    }
    keeper.run_manager();
    if (leave())
      return awaiting_message;
  }
}

void run_queue::stop(std::mutex& guard, std::condition_variable& left) {
  const std::lock_guard lock{mutex_};
  guard_ = &guard;
  left_ = &left;
  stopping_ = true;
}

bool run_queue::active() const {
  const std::lock_guard lock{mutex_};
  return active_ != 0;
}

} // namespace taskactor::detail
