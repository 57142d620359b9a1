#include "guests.hpp"

#include "runtime.hpp"

#include <taskactor/task/sleep.hpp>

#include <caf/all.hpp>

#include <map>
#include <utility>

namespace taskactor::detail {

namespace {

/// They were asked when the shutdown began: this is what they may take beyond that.
constexpr std::chrono::seconds leave_bound{5};
constexpr std::chrono::milliseconds kill_bound{500};

} // namespace

void guests::add(const caf::actor& who, bool led, std::function<std::string()> tells) {
  {
    const std::lock_guard lock{mutex_};
    here_.emplace(who.id(), guest{who, led, std::move(tells)});
  }
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
      if (guest.tells)
        all.emplace(id, guest.tells);
  }
  std::vector<std::string> told;
  told.reserve(all.size());
  for (const auto& [id, tells] : all)
    told.push_back(tells());
  return told;
}

void guests::ask_to_leave() {
  for (const auto& guest : list(false))
    caf::anon_send_exit(guest, caf::exit_reason::user_shutdown);
}

bool guests::wait(runtime& home, std::chrono::nanoseconds bound) {
  std::unique_lock lock{mutex_};
  home.block(
      lock, left_, [this] { return here_.empty(); }, after(home.now(), bound));
  return here_.empty();
}

bool guests::see_off(runtime& home) {
  if (wait(home, leave_bound))
    return strays == 0;
  for (const auto& guest : list(true))
    caf::anon_send_exit(guest, caf::exit_reason::kill);
  return wait(home, kill_bound) && strays == 0;
}

} // namespace taskactor::detail
