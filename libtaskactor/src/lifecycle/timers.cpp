#include "lifecycle/timers.hpp"

#include "caf_adapter/service_actor.hpp"

#include <caf/all.hpp>

#include <vector>

namespace taskactor::detail {

namespace {

class timer_actor final : public service_actor {
public:
  timer_actor(caf::actor_config& config, std::shared_ptr<timers> owner)
      : service_actor(config), owner_(std::move(owner)) {}
  caf::behavior make_behavior() override {
    return {[this](const alarm_rang& alarm) { owner_->on_alarm(alarm.due); }};
  }
  const char* name() const override { return "taskactor.timers"; }

private:
  std::shared_ptr<timers> owner_;
};

} // namespace

caf::actor timers::start() {
  auto started = system_.spawn<timer_actor, caf::hidden>(shared_from_this());
  actor_ = caf::actor_cast<caf::strong_actor_ptr>(started);
  return started;
}

void timers::arm(timer_entry& entry) {
  const std::lock_guard lock{mutex_};
  heap_.push(entry);
  if (entry.position == 1)
    rearm();
}

void timers::disarm(timer_entry& entry) noexcept {
  const std::lock_guard lock{mutex_};
  heap_.remove(entry);
}

/// What can fail comes first: room in the heap, and the alarm for then, which harms nobody if it stays.
bool timers::move(timer_entry& entry, time_point due) {
  const std::lock_guard lock{mutex_};
  if (entry.fired.load(std::memory_order_relaxed))
    return false;
  if (due != time_point::max()) {
    heap_.make_room();
    ask_for(due);
  }
  heap_.remove(entry);
  entry.due = due;
  if (due != time_point::max())
    heap_.push(entry);
  return true;
}

std::size_t timers::sleeping() const {
  const std::lock_guard lock{mutex_};
  return heap_.size();
}

void timers::on_alarm(time_point rung) {
  std::vector<context*> due; // woken outside the lock; retained, since a woken body may end at once
  {
    const auto now = system_.clock().now();
    const std::lock_guard lock{mutex_};
    alarm_.rang(rung);
    while (auto* entry = heap_.earliest()) {
      if (entry->due > now)
        break;
      heap_.remove(*entry);
      due.push_back(entry->owner);
      entry->owner->retain();
      entry->fired.store(true, std::memory_order_release);
    }
    rearm();
  }
  for (auto* owner : due) {
    owner->wake();
    owner->release();
  }
}

void timers::rearm() {
  if (alarm_.serves(heap_.not_before()))
    return;
  if (const auto* first = heap_.earliest())
    ask_for(first->due);
}

void timers::ask_for(time_point due) {
  const auto at = alarm_.arm(due, [this] { return system_.clock().now(); });
  if (!at)
    return;
  try {
    post_at(system_.clock(), *at, actor_, alarm_rang{*at});
  } catch (...) { // no memory: it won't ring, so the next that asks has to be served
    alarm_.rang(*at);
    throw;
  }
}

} // namespace taskactor::detail
