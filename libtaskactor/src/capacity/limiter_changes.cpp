#include "capacity/limiter_changes.hpp"
#include "base/invalid.hpp"

#include "capacity/limiter_actor.hpp"
#include "capacity/limiter_queue.hpp"
#include "capacity/named_limiter.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/task_extras.hpp"
#include "threads/thread_pool.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace taskactor::detail {

/// What all that wait want together is still a number.
constexpr std::size_t most_tokens = std::size_t{1} << 40;

/// The needs of named limiters, in the order in which all tasks take them.
std::optional<rejection> find_needs(manager_core& home, const std::vector<limit>& limits,
                                    std::vector<limit_need>& into) {
  for (const auto& each : limits) {
    auto* limiter = home.limits().find(each.name);
    if (!limiter)
      return invalid("limits: there is no limiter \"" + each.name + "\"; add_limiter first");
    if (const auto most = limiter->capacity.load(); most != 0 && each.tokens > most)
      return invalid("limits: \"" + each.name + "\": " + std::to_string(each.tokens) + " tokens, of "
                     + std::to_string(most) + " in all");
    if (each.tokens > most_tokens)
      return invalid("limits: \"" + each.name + "\": " + std::to_string(each.tokens)
                     + " tokens; a task takes at most " + std::to_string(most_tokens));
    into.push_back({limiter, each.tokens});
  }
  std::sort(into.begin(), into.end(),
            [](const auto& a, const auto& b) { return a.limiter->name < b.limiter->name; });
  for (std::size_t i = 1; i < into.size(); ++i)
    if (into[i - 1].limiter == into[i].limiter)
      return invalid("limits: \"" + into[i].limiter->name + "\" is named twice");
  return {};
}

void add_limiter(manager_core& home, std::string name, const limiter_options& options) {
  if (const auto wrong = validate(name, options))
    throw_rejection(*wrong);
  if (home.limits().find(name))
    throw_rejection(invalid("limiter \"" + name + "\": there is one of that name"));
  const auto most = options.capacity.value_or(std::numeric_limits<std::size_t>::max());
  const passing_through caller;
  auto actor = home.keep(home.system().spawn<limiter_actor, caf::hidden>(most, options.rate));
  auto made = std::make_unique<named_limiter>(name, std::move(actor), options, home.with().priority_aging);
  made->capacity = most;
  if (!home.limits().add(std::move(made)))
    throw_rejection(invalid("limiter \"" + name + "\": there is one of that name"));
}

named_limiter& limiter_of(manager_core& home, std::string_view name) {
  auto* found = home.limits().find(name);
  if (!found)
    throw_rejection(invalid("limiter \"" + std::string{name} + "\": there is none; add_limiter first"));
  return *found;
}

void change(manager_core& home, named_limiter& which, const limiter_options& to) {
  if (const auto wrong = validate(which.name, to))
    throw_rejection(*wrong);
  if (to.rate && !which.has_rate)
    throw_rejection(invalid("limiter \"" + which.name + "\": it was added without a rate"));
  const auto one_at_a_time = home.limits().lock_changes();
  if (to.capacity) {
    which.capacity = *to.capacity;
    post(which.actor, resize_limiter{*to.capacity});
    post(home.manager(), limiter_resized{&which});
  }
  if (to.rate)
    post(which.actor, set_rate{to.rate});
}

void resize(manager_core& home, limiter_kind which, std::size_t capacity) {
  const auto one_at_a_time = home.limits().lock_changes();
  switch (which) {
  case limiter_kind::global:
    home.capacity = capacity;
    post(home.global_limiter(), resize_limiter{capacity});
    post(home.manager(), limiter_resized{nullptr});
    break;
  case limiter_kind::thread:
    home.threads().resize(capacity);
    home.thread_queue().resize(capacity);
    break;
  case limiter_kind::process:
    home.process_queue().resize(capacity);
    break;
  }
}

} // namespace taskactor::detail
