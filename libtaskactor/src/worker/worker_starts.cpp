// How a pool's workers are started, and which calls wait while that fails: see worker_pool.hpp.
#include "lifecycle/manager_messages.hpp"
#include "worker/process_call.hpp"
#include "worker/worker.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_protocol.hpp"

#include <taskactor/expected.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace taskactor::detail {

namespace {

/// Whether it can be started again as a worker.
void check_program(const settings& with) {
  const auto role = get_program_role();
  if (role == program_role::worker)
    not_started("a worker has no workers of its own: call the function itself, or from the program");
  if (role == program_role::unknown && std::getenv(worker_variable))
    not_started("this process was started as a worker, but its main has no worker_entry");
  if (role == program_role::unknown && with.worker_program.empty())
    not_started("main has to begin with: if (const auto code = taskactor::worker_entry(argc, argv)) return "
                "*code; without it this program can't be started again as a worker");
}

} // namespace

void worker_pool::dispatch(const ref<process_call>& call) {
  std::shared_ptr<worker> free;
  do {
    free = find_free(call);
    if (!free)
      return; // it waits for one
  } while (!free->give(call));
  call->sent_to(free);
  fill_pipeline(*this, *free);
}

std::shared_ptr<worker> worker_pool::find_free(const ref<process_call>& whose) {
  std::unique_lock lock{mutex_};
  if (stopping_)
    not_started("the manager is stopping");
  if (!idle_.empty()) {
    auto found = std::move(idle_.back());
    idle_.pop_back();
    return found;
  }
  if (may_wait() && holds_back()) {
    hold(std::move(lock), whose);
    return {};
  }
  std::string why;
  auto made = start_one(std::move(lock), why);
  if (!made && !wait_again(whose))
    not_started(why);
  return made;
}

/// What keeps a program from its start that was able to before may pass: short of memory it is killed, for
/// one. Or there is no room for another process, and the workers that there are go on. Under the lock.
bool worker_pool::may_wait() const noexcept {
  return !stopping_ && has_greeted_ && (starts_failed_ < failures_waited_for || alive_ != 0);
}

/// After so many starts that have failed, one at a time shows whether they still do. Under the lock.
bool worker_pool::holds_back() const {
  return starts_failed_ >= failures_at_once && (trying_ || pause_left().count() > 0);
}

/// The call is told of its token once more.
void worker_pool::hold(std::unique_lock<std::mutex> lock, const ref<process_call>& whose) {
  waiting_.push_back(whose);
  lock.unlock();
  whose->end_if_asked(); // before there is a worker that it would be started for
  try {
    try_later();
  } catch (...) { // no memory
    if (forget(*whose))
      throw;
  }
}

bool worker_pool::wait_again(const ref<process_call>& whose) noexcept {
  try {
    std::unique_lock lock{mutex_};
    if (!may_wait())
      return false;
    whose->not_begun();
    hold(std::move(lock), whose);
    return true;
  } catch (...) { // no memory: then it has failed
    return false;
  }
}

bool worker_pool::forget(const process_call& whose) noexcept {
  const std::lock_guard lock{mutex_};
  return std::erase_if(waiting_, [&](const auto& each) { return each.get() == &whose; }) != 0;
}

/// For calls that wait: when the next start is due.
void worker_pool::try_later() {
  std::unique_lock lock{mutex_};
  if (waiting_.empty())
    return;
  const auto left = may_wait() ? pause_left() : std::chrono::milliseconds{};
  lock.unlock();
  post_at(home_.system().clock(), home_.now() + left, timekeeper(), start_again{});
}

/// One after the other starts a worker, until it has to be seen whether that lives, or fails for good.
void worker_pool::start_waiting() noexcept {
  std::unique_lock lock{mutex_};
  while (!waiting_.empty() && !(may_wait() && holds_back())) {
    const auto next = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    lock.unlock();
    next->on_token();
    lock.lock();
  }
}

/// Null: it has failed for `why`.
std::shared_ptr<worker> worker_pool::start_one(std::unique_lock<std::mutex> lock, std::string& why) {
  check_program(home_.with());
  check_pause();
  auto made = std::make_shared<worker>(shared_from_this(), starts_failed_);
  all_.push_back(made);
  ++counts_.started;
  trying_ = starts_failed_ >= failures_at_once;
  lock.unlock();
  try {
    made->start();
  } catch (const std::system_error& error) {
    const auto what = message_of(error);
    gone(*made, worker_end::kind::at_start, what);
    why = "a worker can't be started: " + what;
    return {};
  } catch (const std::exception& error) {
    gone(*made, worker_end::kind::at_start, error.what());
    throw;
  }
  return made;
}

/// Until the next is started. Under the lock.
std::chrono::milliseconds worker_pool::pause_left() const {
  if (starts_failed_ < failures_at_once)
    return {};
  const auto left = no_start_before_ - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds{});
}

/// Workers that die at their start are not started over and over.
void worker_pool::check_pause() const {
  if (const auto left = pause_left(); left.count() > 0)
    not_started("the last " + std::to_string(starts_failed_)
                + " workers have ended at their start, and the next is started in "
                + std::to_string(left.count()) + " ms: " + why_not_started_);
}

void worker_pool::greeted(worker& which) {
  {
    const std::lock_guard lock{mutex_};
    starts_failed_ = 0;
    has_greeted_ = true;
    trying_ = false;
    which.in_pool.lives = true;
    ++alive_;
  }
  try_later();
}

bool worker_pool::gone(const worker& which, worker_end::kind how, const std::string& why) {
  const auto same = [&](const auto& each) { return each.get() == &which; };
  std::shared_ptr<worker> last; // destroyed outside of the lock
  std::unique_lock lock{mutex_};
  const auto found = std::find_if(all_.begin(), all_.end(), same);
  if (found == all_.end())
    return false;
  if (how != worker_end::kind::retired)
    ++counts_.lost;
  if (which.in_pool.lives)
    --alive_;
  else
    trying_ = false;
  const bool failed_to_start = how == worker_end::kind::at_start && !stopping_;
  if (failed_to_start)
    why_not_started_ = why;
  if (failed_to_start && which.in_pool.begun_after == starts_failed_) { // not one of many at once
    const auto failed = ++starts_failed_;
    const auto doublings = std::min(failed - std::min(failed, failures_at_once), 16U);
    no_start_before_ = std::chrono::steady_clock::now()
                       + std::min<std::chrono::milliseconds>(longest_pause, first_pause * (1U << doublings));
  }
  std::erase_if(idle_, same);
  last = std::move(*found);
  all_.erase(found);
  lock.unlock();
  try {
    try_later();
  } catch (...) { // no memory for a message
    start_waiting();
  }
  return true;
}

} // namespace taskactor::detail
