#include "scheduler/scheduler_host.hpp"

#include "base/memory.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_table.hpp"
#include "scheduler/scheduler_actor.hpp"
#include "threads/disposal.hpp"
#include "threads/waits.hpp"

#include <taskactor/error.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace taskactor::detail {

// -- made, and closed -------------------------------------------------------

std::shared_ptr<scheduler_host> scheduler_host::start(task_manager& tasks) {
  auto& home = core_of(tasks);
  if (home.table().refuses(0))
    throw error{errc::stopping, "the manager is shutting down: it takes no scheduler"};
  auto host = std::make_shared<scheduler_host>(home);
  attach_member(home, attachment_kind::schedules, when_let_go::stop, host, "scheduler");
  const auto started = start_turns(home, host, "taskactor.scheduler", "a scheduler");
  host->starter_.ended()->set_actor(started);
  home.dependents().add(started, false, {{}, [] { return std::vector<std::string>{"scheduler"}; }});
  if (home.decides())
    home.decides()->when_wall_is_set([ended = std::weak_ptr{host->starter_.ended()}] {
      if (const auto there = ended.lock())
        there->wake();
    });
  return host;
}

void scheduler_host::end_all(const char* why, gone_bodies& gone) noexcept {
  schedules_.end_all(why, gone);
  gone.add(gone_);
  over_ = true;
}

void scheduler_host::close(const char* why) noexcept {
  gone_bodies gone; // destroyed without the lock
  {
    const std::lock_guard lock{mutex_};
    if (over_)
      return;
    end_all(why, gone);
  }
  starter_.ended()->close();
}

/// Under the lock: who closes it for the manager waits for that, and so the manager is there.
void scheduler_host::close_elsewhere(const char* why) noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (over_)
      return;
    gone_bodies gone;
    end_all(why, gone);
    once_there_is_memory([&] { destroy_elsewhere(gone); });
  }
  starter_.ended()->close();
}

void scheduler_host::destroy_elsewhere(gone_bodies& gone) {
  if (gone.empty())
    return;
  const auto all = std::make_shared<gone_bodies>();
  all->add(gone);
  try {
    home_.disposals().call("a schedule", [all] { all->destroy(); });
  } catch (const std::bad_alloc&) {
    gone.add(*all);
    throw;
  }
}

} // namespace taskactor::detail
