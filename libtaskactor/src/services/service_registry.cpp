#include "services/service_registry.hpp"

#include "lifecycle/manager_core.hpp"
#include "lifecycle/refusal.hpp"
#include "services/service_messages.hpp"
#include "services/service_name.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// What follows from a change, when the lock is free again: a woken body may end at once, and its wait with
/// it; the last handle of an actor may be anything's last.
class deferred_actions {
public:
  void keep(caf::strong_actor_ptr actor) {
    if (actor)
      kept_.push_back(std::move(actor));
  }
  void end(caf::strong_actor_ptr name) {
    if (name)
      names_.push_back(std::move(name));
  }
  /// Who waits for an answer of the run that has ended.
  void lose_calls(service_node& which) { tell(which.calling); }
  /// Who waits for it to run, and what was held back if it won't run any more.
  void look_again(service_node& which) {
    tell(which.waiting);
    if (is_over(which) && !which.held.empty())
      refused_.emplace_back(which.held.take(), why_down(which));
  }
  void follow() {
    for (auto* owner : owners_) {
      owner->wake();
      owner->release();
    }
    for (const auto& [held, why] : refused_)
      for (const auto& each : held)
        refuse_mail(*each.mail, refusal(why));
    for (const auto& name : names_)
      static_cast<service_name*>(caf::actor_cast<caf::abstract_actor*>(name))->end();
  }

private:
  void tell(service_listener* first) {
    for (auto* each = first; each; each = each->next) {
      each->tell();
      each->owner().retain();
      owners_.push_back(&each->owner());
    }
  }

  std::vector<context*> owners_;
  std::vector<std::pair<std::vector<stashed_message>, rejection>> refused_;
  std::vector<caf::strong_actor_ptr> names_, kept_;
};

void set_below(service_node& node, service_state state, time_point now, deferred_actions& after) {
  for (const auto& each : node.children) {
    after.keep(std::exchange(each->actor, nullptr));
    after.lose_calls(*each);
    if (each->state != state) {
      each->state = state;
      each->since = now;
    }
    if (is_over(*each))
      after.look_again(*each);
    set_below(*each, state, now, after);
  }
}

} // namespace

service_registry::service_registry(manager_core& home, const supervisor_options& root)
    : system_(home.system()) {
  root_.name = root_.path = root.name;
  root_.kind = service_kind::supervisor;
  root_.strategy = root.strategy;
  root_.state = service_state::starting;
  root_.since = home.now();
}

// -- reading ----------------------------------------------------------------

service_info service_registry::info(const service_node& which) const {
  const auto now = system_.clock().now();
  const std::lock_guard lock{mutex_};
  return info_of(which, now);
}

supervisor_statistics service_registry::statistics() const {
  supervisor_statistics result;
  {
    const std::lock_guard lock{mutex_};
    count_children(root_, result);
  }
  counts.add_to(result);
  return result;
}

// -- writing ----------------------------------------------------------------

void service_registry::count_start(service_node& which) {
  const std::lock_guard lock{mutex_};
  ++which.starts;
}

void service_registry::adopt(service_node& which, caf::actor supervisor) {
  const std::lock_guard lock{mutex_};
  if (!closed_)
    which.supervisor = std::move(supervisor);
}

void service_registry::publish(service_node& which, notification what) {
  deferred_actions after;
  std::unique_lock lock{mutex_};
  if (closed_)
    return;
  if (what.actor && what.actor != which.actor)
    hand_over(which, what.actor, lock);
  which.state = what.state;
  if (!what.reason.empty()) // else it is of a run that a former supervisor has seen
    which.reason = std::move(what.reason);
  which.since = what.since;
  which.resume = what.resume;
  which.actor.swap(what.actor);
  after.keep(std::move(what.actor));
  if (what.state != service_state::running && what.state != service_state::stopping)
    after.lose_calls(which); // while it is stopping it may still answer
  if (is_over(which))
    set_below(which, service_state::ended, what.since, after);
  if (is_over(which) || which.actor)
    after.look_again(which);
  lock.unlock();
  after.follow();
}

void service_registry::orphan(service_node& supervisor, time_point now) {
  deferred_actions after;
  std::unique_lock lock{mutex_};
  after.keep(caf::actor_cast<caf::strong_actor_ptr>(std::exchange(supervisor.supervisor, nullptr)));
  if (!closed_)
    set_below(supervisor, service_state::waiting, now, after);
  lock.unlock();
  after.follow();
}

void service_registry::close(const std::string& reason, time_point now) {
  deferred_actions after;
  std::unique_lock lock{mutex_};
  if (std::exchange(closed_, true))
    return;
  root_.state = service_state::ended;
  root_.reason = reason;
  root_.since = now;
  after.keep(caf::actor_cast<caf::strong_actor_ptr>(std::exchange(root_.supervisor, nullptr)));
  set_below(root_, service_state::ended, now, after);
  const auto forget_names = [&](const auto& self, service_node& node) -> void {
    for (auto& name : node.names)
      after.end(std::exchange(name, nullptr));
    for (const auto& each : node.children)
      self(self, *each);
  };
  forget_names(forget_names, root_);
  lock.unlock();
  after.follow();
}

// -- from callers' threads --------------------------------------------------

caf::strong_actor_ptr service_registry::running(const service_node& which, when_down how) const {
  const std::lock_guard lock{mutex_};
  if (!which.actor && (is_over(which) || how == when_down::fail))
    throw_rejection(why_down(which));
  return which.actor;
}

bool service_registry::is_running(const service_node& which, const caf::strong_actor_ptr& run) const {
  const std::lock_guard lock{mutex_};
  return which.actor == run;
}

bool service_registry::add(service_listener& who, service_node& which) {
  const std::lock_guard lock{mutex_};
  if (which.actor || is_over(which))
    return false;
  who.next = std::exchange(which.waiting, &who);
  return true;
}

bool service_registry::add_call(service_listener& who, service_node& which,
                                const caf::strong_actor_ptr& run) {
  const std::lock_guard lock{mutex_};
  if (which.actor != run)
    return false;
  who.next = std::exchange(which.calling, &who);
  return true;
}

void service_registry::remove(service_listener& who, service_node& which) noexcept {
  const std::lock_guard lock{mutex_};
  for (auto** list : {&which.waiting, &which.calling}) {
    for (auto** at = list; *at; at = &(*at)->next) {
      if (*at == &who) {
        *at = who.next;
        return;
      }
    }
  }
}

} // namespace taskactor::detail
