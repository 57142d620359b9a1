#include "testing/waiting_list.hpp"

#include "lifecycle/predecessors.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

namespace taskactor::testing {

namespace {

std::string global_token(const limiter_statistics& facts) {
  std::ostringstream text;
  text << "a token of the global limiter (" << facts.in_use << " of " << facts.capacity << " in use)";
  return std::move(text).str();
}

std::string first_of(const std::vector<std::string>& predecessors) {
  auto text = "the end of task \"" + predecessors.front() + '"';
  if (predecessors.size() > 1)
    text += ", and of " + std::to_string(predecessors.size() - 1) + " more";
  return text;
}

/// Of a task that has no actor now.
std::string what_comes_next(const detail::record& task, const manager_statistics& facts) {
  if (task.phase == detail::phase::backing_off)
    return "its next attempt";
  if (!task.extras)
    return global_token(facts.global);
  if (task.extras->waits_for)
    return first_of(task.extras->waits_for->awaited());
  if (task.extras->after)
    return "the end of the task that has its id";
  if (task.extras->taken < task.extras->needs.size())
    return "a token of the limiter \"" + task.extras->needs[task.extras->taken].limiter->name + '"';
  return global_token(facts.global);
}

detail::wait_reason reason_of(const detail::record& task, const manager_statistics& facts) {
  if (!task.actor)
    return {what_comes_next(task, facts), task.position != 0 ? task.due : detail::time_point::max()};
  const bool lacks_token = task.token.lacks();
  if (const auto* waiter = task.actor->waiting) {
    auto reason = waiter->reason();
    return lacks_token ? detail::wait_reason{"a token, to go on after " + reason.what} : reason;
  }
  if (lacks_token)
    return {"a token, to go on"};
  if (!task.actor->leaf && task.decided())
    return {"what its body has left behind: a thread's call, a process, or items and children"};
  return {"its turn"};
}

/// A slot that waits for its token has no item yet.
std::string id_of(const detail::record& task) {
  auto id = task.current_id();
  if (task.kind == detail::record_kind::gather_slot && !task.actor)
    id.replace(id.rfind('/'), std::string::npos, "/...");
  return id;
}

} // namespace

std::vector<waiting_task> waiting_list(detail::manager_core& home, detail::time_point start) {
  const auto facts = home.statistics();
  const auto since_start = [&](detail::time_point when) {
    return when == detail::time_point::max() ? std::chrono::nanoseconds::max() : when - start;
  };
  std::vector<waiting_task> result;
  for (const auto& task : home.table().live()) {
    auto reason = reason_of(*task, facts);
    const auto info = task->info();
    const auto began = info.started == detail::time_point{} ? info.submitted : info.started;
    auto& entry = result.emplace_back();
    entry.id = id_of(*task);
    entry.state = info.state;
    entry.since = since_start(began);
    entry.waits_for = std::move(reason.what);
    entry.until = since_start(reason.until);
  }
  return result;
}

} // namespace taskactor::testing
