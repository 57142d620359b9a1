#include "events/hub.hpp"

#include "base/new_thread.hpp"

#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/outcome.hpp>

#include <algorithm>
#include <cxxabi.h>
#include <deque>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

/// Whose thread this is.
thread_local observer_queue* this_observer = nullptr;

} // namespace

/// The events for one observer, and the loop that handles them on a thread of its own.
class observer_queue {
public:
  observer_queue(event_handler handler, observer_options options)
      : handler_(std::move(handler)), options_(options) {}

  event_kinds kinds() const noexcept { return options_.kinds; }

  /// False: full.
  bool push(const task_event& what) {
    if (!options_.kinds.contains(what.kind))
      return true;
    {
      const std::lock_guard lock{mutex_};
      if (ended_ || events_.size() >= options_.queue)
        return ended_;
      events_.push_back(what);
    }
    filled_.notify_one(); // who waits would only wait for the lock
    return true;
  }
  /// `drain`: what is queued is still handled. Returns how many events are not.
  std::size_t end(bool drain) noexcept {
    std::deque<task_event> dropped; // destroyed outside the lock
    const std::lock_guard lock{mutex_};
    ended_ = true;
    if (!drain)
      dropped.swap(events_);
    filled_.notify_one();
    return dropped.size();
  }
  void serve(event_hub& hub) {
    this_observer = this;
    std::unique_lock lock{mutex_};
    for (;;) {
      handles_ = false;
      if (events_.empty())
        heard_.notify_all();
      filled_.wait(lock, [this] { return ended_ || !events_.empty(); });
      if (events_.empty())
        return;
      handles_ = true;
      const auto what = std::move(events_.front());
      events_.pop_front();
      lock.unlock();
      handle(hub, what);
      lock.lock();
    }
  }
  bool wait_heard(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock{mutex_};
    return heard_.wait_until(lock, until, [this] { return blocked_ || (events_.empty() && !handles_); });
  }
  void set_blocked(bool blocked) noexcept {
    const std::lock_guard lock{mutex_};
    blocked_ = blocked;
    heard_.notify_all();
  }

private:
  /// UndefinedBehaviorSanitizer doesn't know that the exception which ends a thread has no object.
  __attribute__((no_sanitize("null"))) void handle(event_hub& hub, const task_event& what) {
    try {
      handler_(what);
    } catch (const abi::__forced_unwind&) { // it ends its thread: see `event_hub::serve`
      throw;
    } catch (...) {
      hub.handler_failed(std::current_exception());
    }
  }

  event_handler handler_;
  const observer_options options_;
  std::mutex mutex_; // what follows
  std::condition_variable filled_, heard_;
  std::deque<task_event> events_;
  bool ended_ = false;
  bool handles_ = false; // its handler runs
  bool blocked_ = false; // and waits for a call of ours
};

blocked_observer::blocked_observer() noexcept : which_(this_observer) {
  if (which_)
    which_->set_blocked(true);
}

blocked_observer::~blocked_observer() {
  if (which_)
    which_->set_blocked(false);
}

event_hub::event_hub(std::shared_ptr<spdlog::logger> logger, std::optional<log_level> level)
    : log_(std::move(logger), level) {}

void event_hub::emit(const task_event& what, bool expected) noexcept {
  try {
    if (log_.wants(what.kind, expected))
      log(what, expected);
    if (!observed_.load(std::memory_order_relaxed).contains(what.kind))
      return;
    const std::lock_guard lock{mutex_};
    for (const auto& queue : observers_)
      if (!queue->push(what))
        dropped_.fetch_add(1, std::memory_order_relaxed);
  } catch (...) { // no memory for the event: it is lost, the task isn't
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

void event_hub::log(const task_event& what, bool expected) {
  if (!writer_->write([hub = shared_from_this(), what, expected] { hub->log_.write(what, expected); }))
    dropped_.fetch_add(1, std::memory_order_relaxed);
}

void event_hub::warn(const std::string& text) const {
  (void)writer_->write([hub = shared_from_this(), text] { hub->log_.warn(text); });
}
void event_hub::note(const std::string& text) const {
  (void)writer_->write([hub = shared_from_this(), text] { hub->log_.note(text); });
}
bool event_hub::relay(int level, const std::string& text) const {
  if (!event_log::knows(level))
    return false;
  (void)writer_->write([hub = shared_from_this(), level, text] { hub->log_.relay(level, text); });
  return true;
}

subscription event_hub::observe(event_handler handler, observer_options options) {
  if (!handler)
    throw_rejection({errc::invalid_argument, "observe: there is no handler"});
  auto queue = std::make_shared<observer_queue>(std::move(handler), options);
  {
    const std::lock_guard lock{mutex_};
    observers_.push_back(queue);
    ++alive_;
    note_observed();
  }
  try {
    serve(queue);
  } catch (...) {
    remove(queue);
    ended();
    throw;
  }
  auto unsubscribe = [hub = weak_from_this(), queue](void*) {
    queue->end(false);
    if (const auto there = hub.lock())
      there->remove(queue);
  };
  return subscription{std::shared_ptr<void>{queue.get(), std::move(unsubscribe)}};
}

/// Starts a thread for the queue. A handler may end that (`pthread_exit`): then there is another one.
void event_hub::serve(std::shared_ptr<observer_queue> queue) {
  struct departure {
    std::shared_ptr<event_hub> hub;
    std::shared_ptr<observer_queue> queue;
    bool returned = false;
    ~departure() {
      if (!returned && hub->replace(queue))
        return;
      queue.reset(); // the handler's captures go before the end is told
      hub->ended();
    }
  };
  new_thread("an observer of events", [hub = shared_from_this(), queue = std::move(queue)]() mutable {
    pthread_setname_np(pthread_self(), "taskactor.event"); // or it is called as who has made it
    departure at_end{hub, std::move(queue)};
    at_end.queue->serve(*at_end.hub);
    at_end.returned = true;
  }).detach();
}

/// False: there is no other thread to be had.
bool event_hub::replace(const std::shared_ptr<observer_queue>& queue) noexcept {
  try {
    handler_failed(std::make_exception_ptr(
        error{errc::thread_ended, "it has ended its thread (pthread_exit); there is another one"}));
    serve(queue);
    return true;
  } catch (...) { // NOLINT: it is an observer less
    remove(queue);
    return false;
  }
}

void event_hub::remove(const std::shared_ptr<observer_queue>& which) noexcept {
  const std::lock_guard lock{mutex_};
  std::erase(observers_, which);
  note_observed();
}

/// Under the lock.
void event_hub::note_observed() noexcept {
  auto all = no_events;
  for (const auto& each : observers_)
    all = all | each->kinds();
  observed_.store(all, std::memory_order_relaxed);
}

void event_hub::stop(std::chrono::nanoseconds bound) noexcept {
  const std::size_t mine = this_observer ? 1 : 0;
  struct log_last { // it hears of observers that are cut off
    event_hub& of;
    std::chrono::nanoseconds bound;
    ~log_last() {
      constexpr std::chrono::nanoseconds least = std::chrono::milliseconds{100}; // for the last words
      of.dropped_.fetch_add(of.writer_->stop(std::max(bound, least)), std::memory_order_relaxed);
    }
  } const log_ends{*this, bound};
  {
    std::unique_lock lock{mutex_};
    for (const auto& queue : observers_)
      queue->end(true);
    if (gone_.wait_for(lock, bound, [&] { return alive_ <= mine; }))
      return;
  }
  cut_off();
}

void event_hub::cut_off() noexcept {
  std::vector<std::shared_ptr<observer_queue>> left; // handlers may be destroyed: outside the lock
  std::size_t alive = 0, lost = 0;
  {
    const std::lock_guard lock{mutex_};
    left.swap(observers_);
    note_observed();
    alive = alive_;
  }
  for (const auto& queue : left)
    lost += queue->end(false);
  dropped_.fetch_add(lost, std::memory_order_relaxed);
  try {
    warn(std::to_string(alive) + (alive == 1 ? " observer was" : " observers were")
         + " cut off: still in their handlers, with " + std::to_string(lost) + " events behind them");
  } catch (...) { // no memory to say it
  }
}

bool event_hub::wait_heard(std::chrono::nanoseconds bound) {
  const auto until = std::chrono::steady_clock::now() + bound;
  bool heard = writer_->wait_written(bound);
  std::vector<std::shared_ptr<observer_queue>> all;
  {
    const std::lock_guard lock{mutex_};
    all = observers_;
  }
  for (const auto& each : all)
    heard = each->wait_heard(until) && heard;
  return heard;
}

void event_hub::handler_failed(const std::exception_ptr& why) noexcept {
  task_event what;
  what.kind = event_kind::observer_failed;
  what.id = "observer";
  what.text = describe(why);
  try { // to the log alone: the observers would hear of themselves for ever
    if (log_.wants(what.kind))
      log(what, false);
  } catch (...) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

void event_hub::ended() noexcept {
  const std::lock_guard lock{mutex_};
  --alive_;
  gone_.notify_all();
}

} // namespace taskactor::detail
