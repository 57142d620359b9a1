/// `ended_runs`: runs of schedules that are over, until their scheduler's next turn. It outlives the manager.
///
/// Threads: any, also that on which a body is destroyed.
#pragma once

#include <taskactor/detail/record.hpp>

#include <caf/actor.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace taskactor::detail {

struct schedule_entry;

class ended_runs {
public:
  struct run {
    std::shared_ptr<schedule_entry> of;
    std::uint64_t number = 0;
    ref<record> task{}; // of who takes it, so that it goes without the lock
  };
  void add(run which) noexcept;
  std::vector<run> take() noexcept;
  void set_actor(caf::actor who);
  /// Wakes the actor, once for all that comes until its turn.
  void wake() noexcept;
  void close() noexcept;

private:
  std::mutex mutex_; // what follows
  caf::actor actor_;
  bool told_ = false, closed_ = false;
  std::vector<run> runs_;
};

} // namespace taskactor::detail
