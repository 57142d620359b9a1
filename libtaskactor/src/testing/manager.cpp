#include "events/hub.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_table.hpp"
#include "testing/fault_plan.hpp"
#include "testing/real_work.hpp"
#include "testing/virtual_scheduler.hpp"
#include "testing/waiting_list.hpp"
#include "threads/disposal.hpp"
#include "threads/waits.hpp"

#include <taskactor/error.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/testing/manager.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

namespace taskactor::testing {

namespace {

using detail::time_point;

/// Before nothing is taken for a deadlock: a thread of the user's own may be about to wake something.
constexpr std::chrono::milliseconds last_moment{500};
/// Beyond this a handler of events is taken for one that waits for the test.
constexpr std::chrono::seconds slow_observer{2};
/// How often a call that blocks on another thread looks at the clock.
constexpr std::chrono::milliseconds look_interval{5};

manager_options everywhere_the_same(manager_options options) {
  options.capacity = options.capacity.value_or(32);
  options.thread_capacity = options.thread_capacity.value_or(16);
  options.process_capacity = options.process_capacity.value_or(4);
  options.max_queue = options.max_queue.value_or(10000);
  options.default_timeout = options.default_timeout.value_or(no_timeout);
  options.blocked_after = std::chrono::nanoseconds{0}; // it goes by real time, and a test may be debugged
  return options;
}

} // namespace

class manager::world {
public:
  explicit world(testing::simulation_options options)
      : options_(std::move(options)),
        scheduler_(options_.seed),
        plan_(scheduler_, options_.calls, options_.seed.value_or(0)),
        start_(scheduler_.now()),
        tasks_(std::make_unique<task_manager>(scheduler_.system(), everywhere_the_same(options_.manager))),
        home_(detail::core_of(*tasks_)),
        work_(home_, plan_) {
    home_.set_fault_injector(&plan_);
    home_.waits().set_strategy([this](std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                                      const std::function<bool()>& done,
                                      time_point until) { block(lock, changed, done, until); });
  }

  task_manager& tasks() noexcept { return *tasks_; }
  detail::manager_core& home() noexcept { return home_; }
  virtual_scheduler& scheduler() noexcept { return scheduler_; }
  fault_plan& plan() noexcept { return plan_; }
  std::uint64_t steps() const noexcept { return steps_; }
  std::chrono::nanoseconds elapsed() const { return scheduler_.now() - start_; }
  void set_patience(std::chrono::milliseconds patience) noexcept { options_.patience = patience; }
  std::vector<waiting_task> waiting() { return waiting_list(home_, start_); }

  void settle();
  void move_to(time_point when);
  bool jump(time_point no_later_than = time_point::max());
  void run_until(const std::function<bool()>& done, time_point until, bool may_stay);
  void block(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
             const std::function<bool()>& done, time_point until);
  bool end() noexcept;

private:
  void shut_down();
  void wait_for_observers();
  std::optional<time_point> next_due() const;
  std::string at() const { return detail::to_text(elapsed()); }

  testing::simulation_options options_;
  virtual_scheduler scheduler_;
  fault_plan plan_;
  const time_point start_;
  std::unique_ptr<task_manager> tasks_;
  detail::manager_core& home_; // also while it is taken apart
  real_work work_;
  std::atomic<std::thread::id> driver_{std::this_thread::get_id()};
  std::uint64_t steps_ = 0;
  bool ended_ = false;
  bool observers_hear_ = true;
};

void manager::world::settle() {
  if (std::this_thread::get_id() != driver_)
    throw test_error{"a testing::manager is driven by the thread that made it, and this is another one"};
  std::size_t count = 0;
  do {
    for (; scheduler_.run_one(); ++count, ++steps_)
      if (count == options_.max_steps)
        throw livelock{"livelock at " + at() + ": after " + std::to_string(count)
                           + " steps there is still something to run",
                       waiting()};
    wait_for_observers();
  } while (scheduler_.can_run()); // what observers have begun
}

/// And until what users have made is destroyed. Before time goes on. One that isn't done within the patience
/// isn't waited for again until it is.
void manager::world::wait_for_observers() {
  const std::chrono::nanoseconds bound = std::min<std::chrono::nanoseconds>(options_.patience, slow_observer);
  observers_hear_ = home_.disposals().wait_idle(observers_hear_ ? bound : std::chrono::nanoseconds{0})
                    && home_.events().wait_heard(observers_hear_ ? bound : std::chrono::nanoseconds{0});
}

void manager::world::move_to(time_point when) {
  settle();
  for (auto due = next_due(); due && *due <= when; due = next_due()) {
    scheduler_.move_to(*due);
    settle();
  }
  scheduler_.move_to(when);
  settle();
}

/// Also for a thread that waits no longer than that.
std::optional<time_point> manager::world::next_due() const {
  const auto of_threads = work_.next_due(scheduler_.now());
  const auto due = scheduler_.next_due();
  return due && of_threads ? std::min(due, of_threads) : (due ? due : of_threads);
}

bool manager::world::jump(time_point no_later_than) {
  const auto due = next_due();
  if (!due && no_later_than == time_point::max())
    return false;
  scheduler_.move_to(std::min(due.value_or(no_later_than), no_later_than));
  settle();
  return true;
}

/// `may_stay`: that nothing is due any more is an end as well.
void manager::world::run_until(const std::function<bool()>& done, time_point until, bool may_stay) {
  std::size_t jumps = 0;
  std::size_t given_up = 0; // work that patience has run out for
  for (;;) {
    settle();
    if (done() || scheduler_.now() >= until)
      return;
    const auto working = work_.count(scheduler_.now());
    given_up = std::min(given_up, working);
    if (working > given_up) {
      if (!scheduler_.wait(options_.patience))
        given_up = working;
      continue;
    }
    if (scheduler_.can_run())
      continue; // what has just ended has woken somebody
    if (jump(until)) {
      if (++jumps > options_.max_jumps)
        throw livelock{"livelock at " + at() + ": after " + std::to_string(options_.max_jumps)
                           + " jumps of the clock it hasn't come to an end",
                       waiting()};
    } else if (may_stay) {
      return;
    } else if (!scheduler_.wait(last_moment) && !done()) {
      throw deadlock{"deadlock at " + at() + ": nothing can run, and nothing is due", waiting()};
    }
  }
}

void manager::world::block(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                           const std::function<bool()>& done, time_point until) {
  const bool counts = detail::current_task() != nullptr;
  if (std::this_thread::get_id() == driver_) {
    const real_work::blocked_in_turn call{work_, counts};
    lock.unlock();
    run_until(
        [&] {
          const std::lock_guard guard{*lock.mutex()};
          return done();
        },
        until, false);
    lock.lock();
    return;
  }
  const blocked_threads::entry here{*lock.mutex(), done, until};
  const detail::blocked_observer observer;
  const detail::disposal::blocked destructor;
  if (counts) {
    lock.unlock(); // that of the list comes first
    work_.blocked().add(here);
    lock.lock();
  }
  scheduler_.wake(); // it waits for the driver, who needn't wait for it
  while (!done() && scheduler_.now() < until)
    changed.wait_for(lock, look_interval);
  if (counts) {
    lock.unlock();
    work_.blocked().remove(here);
    lock.lock();
  }
}

void manager::world::shut_down() {
  try {
    (void)tasks_->shutdown();
  } catch (const livelock&) { // what spins lets no time pass: no stage of the shutdown would end
    for (const auto& task : home_.table().live())
      detail::kill(home_, *task);
    (void)tasks_->shutdown();
  }
  plan_.bring_back();
  settle();
}

/// False: something of it still runs.
bool manager::world::end() noexcept {
  if (!tasks_)
    return ended_;
  driver_ = std::this_thread::get_id(); // whoever destroys it has it alone
  try {
    shut_down();
    ended_ = tasks_->statistics().running == 0;
  } catch (const std::exception&) { // can't be ended: left behind, as the log says
    ended_ = false;
  }
  tasks_.reset();
  return ended_;
}

manager::manager(testing::simulation_options options) : world_(std::make_unique<world>(std::move(options))) {}

manager::~manager() {
  if (!world_->end())
    (void)world_.release(); // what still runs goes on using it
}

task_manager& manager::tasks() noexcept { return world_->tasks(); }
caf::actor_system& manager::system() noexcept { return world_->scheduler().system(); }

void manager::settle() { world_->settle(); }
void manager::advance(time_span duration) { world_->move_to(detail::after(now(), duration)); }
bool manager::jump() {
  world_->settle();
  return world_->jump();
}
void manager::run_until(const std::function<bool()>& done) {
  world_->run_until(done, time_point::max(), false);
}
void manager::run_until_idle() {
  world_->run_until([] { return false; }, time_point::max(), true);
}
bool manager::wait_for_wake(std::chrono::milliseconds bound) { return world_->scheduler().wait(bound); }
std::chrono::steady_clock::time_point manager::now() const { return world_->scheduler().now(); }
std::chrono::system_clock::time_point manager::wall_now() const { return world_->plan().wall_now(); }
void manager::set_wall(std::chrono::system_clock::time_point to) { world_->plan().set_wall(to); }
std::chrono::nanoseconds manager::elapsed() const { return world_->elapsed(); }
void manager::set_patience(std::chrono::milliseconds patience) noexcept { world_->set_patience(patience); }

std::uint64_t manager::steps() const noexcept { return world_->steps(); }

std::uint64_t manager::draw(std::uint64_t limit) {
  if (limit == 0)
    throw error{errc::invalid_argument, "draw: there is no number below zero"};
  return world_->plan().draw(limit);
}

std::vector<waiting_task> manager::waiting() {
  world_->settle();
  return world_->waiting();
}

std::string manager::describe() {
  std::string text;
  for (const auto& task : waiting())
    text += to_string(task) + '\n';
  return text;
}

bool manager::kill_task(std::string_view id) {
  const auto task = world_->home().table().find_live(id);
  if (!task)
    return false;
  if (task->actor)
    caf::anon_send_exit(static_cast<detail::task_actor*>(task->actor)->address(), caf::exit_reason::kill);
  else
    detail::kill(world_->home(), *task);
  return true;
}

void manager::lose_thread(occurrence which, when_lost when) {
  world_->plan().lose_thread(std::move(which), when);
}
std::size_t manager::bring_back_threads() { return world_->plan().bring_back(); }
void manager::fail_process_start(occurrence which, errc code) {
  world_->plan().fail_start(std::move(which), code);
}
std::size_t manager::faults_to_come() const { return world_->plan().to_come(); }

void manager::end() noexcept { (void)world_->end(); }

} // namespace taskactor::testing
