#include "hub.hpp"

#include <taskactor/task/outcome.hpp>

#include <deque>
#include <utility>

namespace taskactor::detail {

/// The events for one observer, and the loop that handles them on a thread of its own.
class observer_queue {
public:
  observer_queue(event_handler handler, observer_options options)
      : handler_(std::move(handler)), options_(options) {}

  event_kinds kinds() const noexcept { return options_.kinds; }

  /// False: full.
  bool push(const event& what) {
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
  /// `drain`: what is queued is still handled.
  void end(bool drain) {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    if (!drain)
      events_.clear();
    filled_.notify_one();
  }
  void serve(event_hub& hub) {
    std::unique_lock lock{mutex_};
    for (;;) {
      filled_.wait(lock, [this] { return ended_ || !events_.empty(); });
      if (events_.empty())
        return;
      const auto what = std::move(events_.front());
      events_.pop_front();
      lock.unlock();
      handle(hub, what);
      lock.lock();
    }
  }

private:
  void handle(event_hub& hub, const event& what) noexcept {
    try {
      handler_(what);
    } catch (...) {
      hub.handler_failed(std::current_exception());
    }
  }

  event_handler handler_;
  const observer_options options_;
  std::mutex mutex_; // what follows
  std::condition_variable filled_;
  std::deque<event> events_;
  bool ended_ = false;
};

event_hub::event_hub(detach run, std::shared_ptr<spdlog::logger> logger)
    : run_(std::move(run)), log_(std::move(logger)) {}

void event_hub::emit(const event& what) noexcept {
  try {
    if (log_.wants(what.kind))
      log_.write(what);
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

subscription event_hub::observe(event_handler handler, observer_options options) {
  auto queue = std::make_shared<observer_queue>(std::move(handler), options);
  {
    const std::lock_guard lock{mutex_};
    observers_.push_back(queue);
    ++alive_;
    note_observed();
  }
  run_([hub = shared_from_this(), queue]() mutable {
    queue->serve(*hub);
    queue.reset(); // the handler's captures go before the end is told
    hub->ended();
  });
  auto unsubscribe = [hub = weak_from_this(), queue](void*) {
    queue->end(false);
    if (const auto there = hub.lock())
      there->remove(queue);
  };
  return subscription{std::shared_ptr<void>{queue.get(), std::move(unsubscribe)}};
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

bool event_hub::stop(std::chrono::nanoseconds bound) {
  std::unique_lock lock{mutex_};
  for (const auto& queue : observers_)
    queue->end(true);
  return gone_.wait_for(lock, bound, [this] { return alive_ == 0; });
}

void event_hub::handler_failed(const std::exception_ptr& why) noexcept {
  event what;
  what.kind = event_kind::observer_failed;
  what.id = "observer";
  what.text = describe(why);
  try { // to the log alone: the observers would hear of themselves for ever
    if (log_.wants(what.kind))
      log_.write(what);
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
