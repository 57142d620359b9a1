#include "limiter_actor.hpp"

#include <caf/all.hpp>

namespace taskactor::detail {

limiter_actor::limiter_actor(caf::actor_config& config, std::size_t capacity)
    : event_based_actor(config), limiter_(capacity) {
  set_down_handler([this](caf::down_msg& down) {
    holders_.erase(down.source.id());
    tell(limiter_.gone(down.source.id()));
  });
}

caf::behavior limiter_actor::make_behavior() {
  return {
      [this](const acquire_tokens& wish) { tell(limiter_.acquire(sender(), wish.count)); },
      [this](const release_tokens& back) { tell(limiter_.release(sender(), back.count)); },
      [this](const resize_limiter& to) { tell(limiter_.resize(to.capacity)); },
  };
}

holder_id limiter_actor::sender() {
  const auto who = caf::actor_cast<caf::actor>(current_sender());
  if (holders_.emplace(who.id(), who).second)
    monitor(who);
  return who.id();
}

void limiter_actor::tell(const limiter::notices& what) {
  for (const auto& [kind, holder, count] : what) {
    const auto found = holders_.find(holder);
    if (found == holders_.end())
      continue;
    if (kind == limiter::notice::kind::grant)
      send(found->second, tokens_granted{count});
    else
      send(found->second, tokens_recalled{count});
  }
}

} // namespace taskactor::detail
