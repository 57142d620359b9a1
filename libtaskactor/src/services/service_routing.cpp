// How what is sent to a name comes to the run that takes it up.
#include "caf_adapter/compat_mail.hpp"
#include "lifecycle/refusal.hpp"
#include "services/service_messages.hpp"
#include "services/service_name.hpp"
#include "services/service_registry.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

caf::actor service_registry::name_of(service_node& which, when_down how) {
  if (which.kind != service_kind::actor)
    throw_rejection(
        {errc::invalid_argument,
         '"' + which.path + "\" is a " + std::string{to_string(which.kind)} + ", which takes no messages"});
  const passing_through caller;
  const std::lock_guard lock{mutex_};
  auto& there = which.names[static_cast<std::size_t>(how)];
  if (there)
    return caf::actor_cast<caf::actor>(there);
  caf::actor_config config{};
  auto made = caf::make_actor<service_name, caf::strong_actor_ptr>(
      system_.next_actor_id(), system_.node(), &system_, config, shared_from_this(), which, how);
  if (!closed_)
    there = made;
  return caf::actor_cast<caf::actor>(made);
}

/// Between the end of a run and its supervisor's hearing of it, all comes back that the run hadn't taken up,
/// and is held for the next one: the first to come back says that it has ended.
void service_registry::deliver(service_node& which, const caf::strong_actor_ptr& to, stashed_message what) {
  const auto run = to->id();
  auto back = [registry = shared_from_this(), &which, run, how = what.how,
               number = what.number](caf::mailbox_element_ptr mail) {
    registry->come_back(which, run, {std::move(mail), how, number});
  };
  send_mail(*to->get(), returnable_mail(std::move(what.mail), *to->get(), std::move(back)));
}

void service_registry::route(service_node& which, when_down how, caf::mailbox_element_ptr mail) {
  std::unique_lock lock{mutex_};
  const auto to = which.actor;
  const bool runs = to && !which.held.has_ended(to->id());
  if (mail->content().match_elements<caf::exit_msg>()) { // is meant for this run alone
    lock.unlock();
    if (runs)
      send_mail(*to->get(), std::move(mail));
    return;
  }
  stashed_message what{std::move(mail), how, which.held.next_number()};
  if (runs) {
    lock.unlock();
    deliver(which, to, std::move(what));
  } else {
    hold(which, std::move(what), lock);
  }
}

/// In order: what was sent first, is delivered first.
void service_registry::hold(service_node& which, stashed_message what, std::unique_lock<std::mutex>& lock) {
  if (!is_over(which) && which.held.put(what))
    return;
  const auto why = why_down(which);
  lock.unlock();
  refuse_mail(*what.mail, refusal(why));
}

/// Threads: any, also that of `deliver`.
void service_registry::come_back(service_node& which, caf::actor_id run, stashed_message what) {
  std::unique_lock lock{mutex_};
  if (const auto next = which.actor; next && next->id() != run && !which.held.has_ended(next->id())) {
    lock.unlock();
    deliver(which, next, std::move(what)); // it has been replaced already
    return;
  }
  which.held.note_ended(run);
  hold(which, std::move(what), lock);
}

/// What was held back goes first, so that nothing overtakes it.
void service_registry::hand_over(service_node& which, const caf::strong_actor_ptr& to,
                                 std::unique_lock<std::mutex>& lock) {
  while (!which.held.empty() && !which.held.has_ended(to->id())) {
    auto batch = which.held.take();
    lock.unlock();
    for (auto& each : batch)
      deliver(which, to, std::move(each));
    lock.lock();
  }
}

bool service_registry::renew(const service_node& which) {
  caf::actor supervisor;
  {
    const std::lock_guard lock{mutex_};
    supervisor = which.parent->supervisor;
  }
  const auto& siblings = which.parent->children;
  const auto at = std::find_if(siblings.begin(), siblings.end(),
                               [&which](const auto& each) { return each.get() == &which; });
  post(supervisor, renew_child{static_cast<std::size_t>(at - siblings.begin())});
  return static_cast<bool>(supervisor);
}

} // namespace taskactor::detail
