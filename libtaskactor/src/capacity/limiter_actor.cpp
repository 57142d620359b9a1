#include "capacity/limiter_actor.hpp"

#include <caf/all.hpp>

namespace taskactor::detail {

limiter_actor::limiter_actor(caf::actor_config& config, std::size_t capacity, std::optional<rate> allowed)
    : service_actor(config), limiter_(capacity, allowed) {
  when_actor_down(*this, [this](caf::down_msg& down) {
    holders_.erase(down.source.id());
    tell(limiter_.gone(down.source.id(), now()));
  });
}

caf::behavior limiter_actor::make_behavior() {
  return {
      [this](const acquire_tokens& wish) { tell(limiter_.acquire(sender(), wish.count, now())); },
      [this](const release_tokens& back) { tell(limiter_.release(sender(), back.count, now())); },
      [this](const return_unused& back) { tell(limiter_.give_back(sender(), back.count, back.seen, now())); },
      [this](const resize_limiter& to) { tell(limiter_.resize(to.capacity, now())); },
      [this](const set_rate& to) { tell(limiter_.set_rate(to.allowed, now())); },
      [this](const alarm_rang& alarm) {
        alarm_.rang(alarm.due);
        tell(limiter_.refilled(now()));
      },
  };
}

time_point limiter_actor::now() { return system().clock().now(); }

holder_id limiter_actor::sender() {
  const auto who = caf::actor_cast<caf::actor>(current_sender());
  if (holders_.emplace(who.id(), who).second)
    monitor_actor(*this, caf::actor_cast<caf::strong_actor_ptr>(who));
  return who.id();
}

void limiter_actor::tell(const limiter::notices& what) {
  for (const auto& [kind, holder, count, last] : what) {
    const auto found = holders_.find(holder);
    if (found == holders_.end())
      continue;
    if (kind == limiter::notice::kind::grant)
      post_from(*this, found->second, tokens_granted{count, last});
    else
      post_from(*this, found->second, tokens_recalled{count});
  }
  if (const auto due = limiter_.refill_at())
    if (const auto at = alarm_.arm(*due, [this] { return now(); }))
      post_at(system().clock(), *at, ctrl(), alarm_rang{*at});
}

} // namespace taskactor::detail
