#include "lifecycle/dependent_list.hpp"

#include "caf_adapter/compat_ending.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/waits.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <map>
#include <utility>

namespace taskactor::detail {

void dependent_list::add(const caf::actor& who, bool led, words says) {
  bool leaving = false;
  {
    const std::lock_guard lock{mutex_};
    here_.emplace(who.id(), dependent{who, led, std::move(says)});
    leaving = leaving_;
  }
  if (leaving && !led) // whoever asks all to leave has passed by
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
  when_over(who, [this, id = who.id()] {
    decltype(here_)::node_type gone; // released outside the lock
    const std::lock_guard lock{mutex_};
    gone = here_.extract(id);
    left_.notify_all();
  });
}

std::vector<caf::actor> dependent_list::list(bool with_led) {
  std::vector<caf::actor> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [id, dependent] : here_)
    if (with_led || !dependent.led)
      all.push_back(dependent.actor);
  return all;
}

std::vector<std::string> dependent_list::tell() {
  std::map<caf::actor_id, std::function<std::string()>> all; // ids grow
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, dependent] : here_)
      if (dependent.says.all)
        all.emplace(id, dependent.says.all);
  }
  std::vector<std::string> told;
  told.reserve(all.size());
  for (const auto& [id, tells] : all)
    told.push_back(tells());
  return told;
}

void dependent_list::ask_to_leave() {
  {
    const std::lock_guard lock{mutex_};
    leaving_ = true;
  }
  for (const auto& dependent : list(false))
    caf::anon_send_exit(dependent, caf::exit_reason::user_shutdown);
}

bool dependent_list::wait(manager_core& home, time_point until) {
  std::unique_lock lock{mutex_};
  home.waits().block(
      lock, left_, [this] { return here_.empty(); }, until);
  return here_.empty();
}

std::vector<std::string> dependent_list::see_off(manager_core& home, time_point until,
                                                 std::chrono::nanoseconds kill) {
  if (!wait(home, until))
    for (const auto& dependent : list(true))
      caf::anon_send_exit(dependent, caf::exit_reason::kill);
  {
    std::unique_lock lock{mutex_};
    home.waits().block(
        lock, left_, [this] { return here_.empty() && orphan_threads_.empty(); }, after(home.now(), kill));
  }
  return still_here();
}

std::vector<std::string> dependent_list::still_here() {
  std::vector<std::function<std::vector<std::string>()>> all; // asked outside the lock
  std::vector<std::string> ids;
  {
    const std::lock_guard lock{mutex_};
    ids.assign(orphan_threads_.begin(), orphan_threads_.end());
    for (const auto& [id, dependent] : here_)
      if (dependent.says.still_here)
        all.push_back(dependent.says.still_here);
    if (all.empty() && !here_.empty())
      ids.emplace_back("a supervisor"); // whose root is gone
  }
  for (const auto& each : all)
    for (auto& id : each())
      ids.push_back(std::move(id));
  return ids;
}

void dependent_list::add_orphan_thread(std::string id) {
  const std::lock_guard lock{mutex_};
  orphan_threads_.insert(std::move(id));
}

void dependent_list::end_orphan_thread(const std::string& id) {
  const std::lock_guard lock{mutex_};
  if (const auto found = orphan_threads_.find(id); found != orphan_threads_.end())
    orphan_threads_.erase(found);
  left_.notify_all();
}

} // namespace taskactor::detail
