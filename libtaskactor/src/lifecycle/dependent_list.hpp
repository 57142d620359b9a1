/// Actors of a higher layer that use the runtime and end by themselves: supervisors. They are asked to
/// end when the runtime shuts down, and waited for when it is taken apart. Threads: any.
#pragma once

#include <taskactor/detail/context.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

class manager_core;

class dependent_list {
public:
  /// What one can say of itself. Threads: any.
  struct words {
    std::function<std::string()> all;                     // what it is and has, as JSON
    std::function<std::vector<std::string>()> still_here; // the ids of what hasn't ended in it
  };
  /// `who` is an `ending_actor`. `led`: another dependent sees to its end, which it isn't asked for.
  void add(const caf::actor& who, bool led = false, words says = {});
  /// What those that tell something have told, in the order of their coming. Errors: `std::bad_alloc`.
  std::vector<std::string> tell();
  bool has(caf::actor_id who) {
    const std::lock_guard lock{mutex_};
    return here_.contains(who);
  }
  void ask_to_leave();
  /// Waits for them, and kills those that have not left in time. Returns what is left.
  std::vector<std::string> see_off(manager_core& home, time_point until,
                                   std::chrono::nanoseconds kill = kill_bound);

  /// What outlives the end of who has made it: it needs the actor system.
  void add_orphan_thread(std::string id);
  void end_orphan_thread(const std::string& id);

private:
  static constexpr std::chrono::milliseconds kill_bound{500};

  struct dependent {
    caf::actor actor;
    bool led;
    words says;
  };
  std::vector<caf::actor> list(bool with_led);
  bool wait(manager_core& home, time_point until);
  std::vector<std::string> still_here();

  std::mutex mutex_; // what follows
  std::condition_variable left_;
  std::unordered_map<caf::actor_id, dependent> here_;
  bool leaving_ = false; // who comes now is asked to go at once
  std::multiset<std::string> orphan_threads_;
};

} // namespace taskactor::detail
