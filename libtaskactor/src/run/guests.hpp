/// Actors of a higher layer that use the runtime and end by themselves: supervisors. They are asked to
/// end when the runtime shuts down, and waited for when it is taken apart. Threads: any.
#pragma once

#include <taskactor/task/context.hpp>

#include <caf/actor.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

class runtime;

class guests {
public:
  /// `led`: another guest sees to its end, which it isn't asked for. `tells`: what it is and has, as JSON.
  void add(const caf::actor& who, bool led = false, std::function<std::string()> tells = {});
  /// What those that tell something have told, in the order of their coming. Errors: `std::bad_alloc`.
  std::vector<std::string> tell();
  void ask_to_leave();
  /// Waits for them, and kills those that have not left in time. True: nobody is left.
  bool see_off(runtime& home);

  /// Threads of theirs that outlive their end: they need the actor system.
  std::atomic<std::size_t> strays{0};
  /// Threads of theirs that are about to say something: a test's clock waits for them.
  std::atomic<std::size_t> busy_threads{0};

private:
  struct guest {
    caf::actor actor;
    bool led;
    std::function<std::string()> tells;
  };
  std::vector<caf::actor> list(bool with_led);
  bool wait(runtime& home, std::chrono::nanoseconds bound);

  std::mutex mutex_; // what follows
  std::condition_variable left_;
  std::unordered_map<caf::actor_id, guest> here_;
};

} // namespace taskactor::detail
