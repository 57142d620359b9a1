#include "guests.hpp"

#include "runtime.hpp"

#include <taskactor/task/time_span.hpp>

#include <caf/all.hpp>

#include <map>
#include <utility>

namespace taskactor::detail {

void guests::add(const caf::actor& who, bool led, words says) {
  bool leaving = false;
  {
    const std::lock_guard lock{mutex_};
    here_.emplace(who.id(), guest{who, led, std::move(says)});
    leaving = leaving_;
  }
  if (leaving && !led) // whoever asks all to leave has passed by
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
  who->attach_functor([this, id = who.id()] {
    decltype(here_)::node_type gone; // released outside the lock
    const std::lock_guard lock{mutex_};
    gone = here_.extract(id);
    left_.notify_all();
  });
}

std::vector<caf::actor> guests::list(bool with_led) {
  std::vector<caf::actor> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [id, guest] : here_)
    if (with_led || !guest.led)
      all.push_back(guest.actor);
  return all;
}

std::vector<std::string> guests::tell() {
  std::map<caf::actor_id, std::function<std::string()>> all; // ids grow
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, guest] : here_)
      if (guest.says.all)
        all.emplace(id, guest.says.all);
  }
  std::vector<std::string> told;
  told.reserve(all.size());
  for (const auto& [id, tells] : all)
    told.push_back(tells());
  return told;
}

void guests::ask_to_leave() {
  {
    const std::lock_guard lock{mutex_};
    leaving_ = true;
  }
  for (const auto& guest : list(false))
    caf::anon_send_exit(guest, caf::exit_reason::user_shutdown);
}

bool guests::wait(runtime& home, time_point until) {
  std::unique_lock lock{mutex_};
  home.block(
      lock, left_, [this] { return here_.empty(); }, until);
  return here_.empty();
}

std::vector<std::string> guests::see_off(runtime& home, time_point until, std::chrono::nanoseconds kill) {
  if (!wait(home, until))
    for (const auto& guest : list(true))
      caf::anon_send_exit(guest, caf::exit_reason::kill);
  {
    std::unique_lock lock{mutex_};
    home.block(
        lock, left_, [this] { return here_.empty() && strays_.empty(); }, after(home.now(), kill));
  }
  return still_here();
}

std::vector<std::string> guests::still_here() {
  std::vector<std::function<std::vector<std::string>()>> all; // asked outside the lock
  std::vector<std::string> ids;
  {
    const std::lock_guard lock{mutex_};
    ids.assign(strays_.begin(), strays_.end());
    for (const auto& [id, guest] : here_)
      if (guest.says.still_here)
        all.push_back(guest.says.still_here);
    if (all.empty() && !here_.empty())
      ids.emplace_back("a supervisor"); // whose root is gone
  }
  for (const auto& each : all)
    for (auto& id : each())
      ids.push_back(std::move(id));
  return ids;
}

void guests::add_stray(std::string id) {
  const std::lock_guard lock{mutex_};
  strays_.insert(std::move(id));
}

void guests::end_stray(const std::string& id) {
  const std::lock_guard lock{mutex_};
  if (const auto found = strays_.find(id); found != strays_.end())
    strays_.erase(found);
  left_.notify_all();
}

} // namespace taskactor::detail
