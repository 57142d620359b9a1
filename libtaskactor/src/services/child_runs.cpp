#include "services/child_runs.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

void child_runs::put(std::size_t which, running_child begun) {
  if (const auto& actor = begun.actor())
    monitored_.emplace(actor->id(), which_run{which, begun.run()});
  runs_[which] = std::move(begun);
}

std::optional<child_runs::which_run> child_runs::find_ended(caf::actor_id who) {
  const auto found = monitored_.find(who);
  if (found == monitored_.end())
    return {};
  const auto ended = found->second;
  monitored_.erase(found);
  return runs_[ended.child].run() == ended.run ? std::optional{ended} : std::nullopt;
}

void child_runs::remove(std::size_t which, std::uint64_t run) {
  if (runs_[which].run() == run)
    runs_[which] = {};
}

void child_runs::count_busy(const supervised_child& child, std::size_t which) {
  const bool busy = (child.state == service_state::starting || child.state == service_state::stopping)
                    && runs_[which].detached();
  if (busy == busy_[which])
    return;
  busy_[which] = busy;
  busy_threads_.fetch_add(busy ? 1 : static_cast<std::size_t>(-1));
}

void child_runs::clear() {
  busy_threads_ -= static_cast<std::size_t>(std::count(busy_.begin(), busy_.end(), true));
  runs_.clear();
  monitored_.clear();
}

} // namespace taskactor::detail
