#include "threads/disposal.hpp"

#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_extras.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace taskactor::detail {

namespace {

/// Beyond this another thread goes on with what is queued, up to so many.
constexpr std::chrono::milliseconds long_time{100};
constexpr std::size_t most_threads = 16;
/// Of a record, beyond its parts: nobody refers to it.
constexpr std::uint8_t all_of_it = 128;

void report(const record& whose, const std::exception_ptr& thrown) noexcept {
  if (thrown)
    detail::report_cleanup_fault(*whose.home, whose, thrown);
}

std::string id_if_there_is_memory(const record& of) noexcept {
  try {
    return of.current_id();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void destroy_parts(record& of, std::uint8_t parts) noexcept {
  if ((parts & record::body_part) != 0)
    report(of, of.discard_body());
  if ((parts & record::spare_part) != 0) {
    of.drop_spare();
    if (of.extras && of.extras->retry)
      of.extras->retry->retry_on = nullptr;
  }
  if ((parts & record::outcome_part) != 0)
    of.drop_outcome();
}

} // namespace

/// One thing that is being destroyed, or asked.
class disposal::turn {
public:
  turn(disposal& home, std::unique_lock<std::mutex>& lock, std::string of)
      : home_(home), lock_(lock), of_(std::move(of)), next_(std::exchange(home.turns_, this)) {
    before_ = std::exchange(this_threads, this);
    lock_.unlock();
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  /// Also when its thread is being ended.
  ~turn() {
    lock_.lock();
    this_threads = before_;
    auto** at = &home_.turns_;
    while (*at != this)
      at = &(*at)->next_;
    *at = next_;
    if (home_.idle())
      home_.idle_.notify_all();
  }

  static turn* of_this_thread() noexcept { return this_threads; }
  turn* next() const noexcept { return next_; }
  const std::string& of() const noexcept { return of_; }
  bool holds_up() const noexcept { return blocked_ || clock::now() - since_ > long_time; }
  bool is_blocked() const noexcept { return blocked_; }
  void set_blocked(bool is) noexcept {
    const std::lock_guard lock{home_.mutex_};
    blocked_ = is;
    home_.idle_.notify_all();
    home_.held_up_.notify_all();
  }

private:
  inline static thread_local turn* this_threads = nullptr;
  disposal& home_;
  std::unique_lock<std::mutex>& lock_;
  const std::string of_;
  const time_point since_ = clock::now();
  turn *next_, *before_ = nullptr;
  bool blocked_ = false;
};

disposal::blocked::blocked() noexcept {
  if (auto* const mine = turn::of_this_thread())
    mine->set_blocked(true);
}

disposal::blocked::~blocked() {
  if (auto* const mine = turn::of_this_thread())
    mine->set_blocked(false);
}

disposal::disposal(caf::actor_system* system) : pool_(std::make_shared<thread_pool>(system, most_threads)) {}

void disposal::take(record& which, std::uint8_t parts) noexcept {
  which.retain();
  push(which, parts);
}

void disposal::take_all_of(record& last) noexcept { push(last, all_of_it); }

void disposal::push(record& which, std::uint8_t parts) noexcept {
  bool is_new = false;
  {
    const std::lock_guard lock{mutex_};
    is_new = queue_.push(which, parts);
  }
  if (is_new)
    ask_for_thread();
  else
    which.release(); // it is held already
}

void disposal::take(operation& last) noexcept {
  try {
    call({}, [gone = &last] { delete gone; });
  } catch (...) { // no memory to do it elsewhere
    delete &last;
  }
}

void disposal::take(std::exception_ptr what) noexcept {
  if (!what)
    return;
  try {
    call({}, [gone = std::move(what)] {});
  } catch (...) { // NOLINT: no memory to do it elsewhere
  }
}

void disposal::call(std::string of, std::function<void()> what, std::function<void()> without_thread) {
  {
    const std::lock_guard lock{mutex_};
    queue_.push({std::move(of), std::move(what), std::move(without_thread)});
  }
  ask_for_thread();
}

/// One for what is queued, and one that stands by.
void disposal::ask_for_thread() noexcept {
  bool submitted = false;
  {
    const std::lock_guard lock{mutex_};
    if (queue_.empty())
      return;
    submitted = threads_ < std::min(held_up() + 2, most_threads);
    threads_ += submitted ? 1 : 0;
  }
  if (!submitted) // some may lie in the pool's queue since it had no thread for them
    return pool_->replace_one();
  try {
    pool_->submit(ref<pool_work>{this});
  } catch (...) { // no memory: what comes next takes it along
    refuse({});
  }
}

void disposal::refuse(std::exception_ptr) noexcept {
  std::unique_lock lock{mutex_};
  --threads_;
  while (threads_ == 0) {
    auto gone = queue_.take_awaited_errand();
    if (!gone)
      return;
    lock.unlock();
    try {
      gone->without_thread();
    } catch (...) { // NOLINT: no memory to say it
    }
    gone.reset(); // what it refers to may come here in its turn
    lock.lock();
    idle_.notify_all();
  }
}

std::size_t disposal::held_up() const noexcept {
  std::size_t count = 0;
  for (const auto* each = turns_; each; each = each->next())
    count += each->holds_up() ? 1 : 0;
  return count;
}

void disposal::run() {
  std::unique_lock lock{mutex_};
  struct departure { // under the lock, also when the thread is being ended
    std::size_t& threads;
    ~departure() { --threads; }
  } const at_end{threads_};
  while (!queue_.empty()) {
    std::size_t at_work = 0;
    for (const auto* each = turns_; each; each = each->next())
      at_work += each->holds_up() ? 0 : 1;
    if (at_work == 0) {
      run_next(lock);
    } else if (!std::exchange(stands_by_, true)) {
      held_up_.wait_for(lock, long_time);
      stands_by_ = false;
    } else {
      return;
    }
  }
}

/// Errands first: somebody waits for each, and they are few.
void disposal::run_next(std::unique_lock<std::mutex>& lock) {
  if (auto next = queue_.take_errand()) {
    const turn now{*this, lock, std::move(next->of)};
    ask_for_thread();                   // for what is behind it
    const auto mine = *std::move(next); // it is destroyed before the lock is taken again
    mine.what();
  } else {
    const auto [which, parts] = queue_.take_record();
    const turn now{*this, lock, id_if_there_is_memory(*which)};
    ask_for_thread();
    const bool last = (parts & all_of_it) != 0;
    destroy_parts(*which, last ? which->user_parts(record::all_parts) : parts);
    if (last)
      delete which;
    else
      which->release();
  }
}

bool disposal::idle() const noexcept {
  if (!queue_.empty())
    return false;
  for (const auto* each = turns_; each; each = each->next())
    if (!each->is_blocked())
      return false;
  return true;
}

bool disposal::wait_idle(std::chrono::nanoseconds bound) {
  ask_for_thread(); // there may have been none to be had when it was queued
  std::unique_lock lock{mutex_};
  return idle_.wait_for(lock, bound, [this] { return idle(); });
}

std::vector<std::string> disposal::busy_with() const {
  std::vector<std::string> ids;
  const std::lock_guard lock{mutex_};
  for (const auto* each = turns_; each; each = each->next())
    ids.push_back(each->of());
  queue_.add_ids(ids);
  std::erase(ids, std::string{});
  return ids;
}

std::size_t disposal::stop(std::chrono::nanoseconds bound) {
  ask_for_thread();
  const auto stuck = pool_->stop(bound);
  const std::lock_guard lock{mutex_};
  return stuck + (queue_.empty() ? 0 : 1); // for want of a thread
}

} // namespace taskactor::detail
