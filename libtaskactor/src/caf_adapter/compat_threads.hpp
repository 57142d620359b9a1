/// Whose threads run the actors of a system, for who would wait for actors: on such a thread that may be in
/// vain.
///
///     on_scheduler_thread(system)        this thread is a scheduler's, of this system or of another one
///     is_run_by_hand(system)             no thread runs them but the one that is told to, in a test
///     run_by_hand(system, which)         runs one that can run and is meant, there
#pragma once

#include "caf_adapter/compat.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>

#if TASKACTOR_CAF_0
#include <caf/policy/profiled.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scheduler/profiled_coordinator.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#endif

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string_view>
#include <thread>
#include <utility>

namespace taskactor::detail {

// -- a scheduler without threads --------------------------------------------

using job_choice = std::function<bool(const caf::resumable&)>;

/// One of ours, for virtual time.
class hand_driven_scheduler {
public:
  /// False: none that is meant can run.
  virtual bool run_one_of(const job_choice& meant) = 0;

protected:
  ~hand_driven_scheduler() = default;
};

inline hand_driven_scheduler* own_hand_driven(caf::actor_system& system) {
  return dynamic_cast<hand_driven_scheduler*>(&system.scheduler());
}

#if TASKACTOR_CAF_0
/// Of CAF's own queue for tests.
inline bool run_one_of(caf::scheduler::test_coordinator& from, const job_choice& meant) {
  const auto found = std::find_if(from.jobs.begin(), from.jobs.end(), [&](auto* job) { return meant(*job); });
  if (found == from.jobs.end())
    return false;
  std::rotate(from.jobs.begin(), found, found + 1);
  return from.try_run_once();
}

/// CAF's scheduler for tests, which `is_run_by_hand`.
inline void let_a_test_run(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
}
inline bool is_run_by_hand(caf::actor_system& system) {
  return dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler()) != nullptr;
}
inline bool run_by_hand(caf::actor_system& system, const job_choice& meant) {
  if (auto* const ours = own_hand_driven(system))
    return ours->run_one_of(meant);
  auto* const cafs = dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler());
  return cafs && run_one_of(*cafs, meant);
}
#else
// CAF 1.x has no such scheduler that could be known here: that of its own test fixture is hidden.
inline void let_a_test_run(caf::actor_system_config&) {}
inline bool is_run_by_hand(caf::actor_system& system) { return own_hand_driven(system) != nullptr; }
inline bool run_by_hand(caf::actor_system& system, const job_choice& meant) {
  auto* const ours = own_hand_driven(system);
  return ours && ours->run_one_of(meant);
}
#endif

// -- a scheduler with threads -----------------------------------------------

#if TASKACTOR_CAF_0
/// What CAF makes of a choice. A module that is asked for can't be left to it.
inline caf::actor_system::module* chosen_scheduler(caf::actor_system& system, caf::atom_value policy,
                                                   bool profiled) {
  using namespace caf::scheduler;
  using caf::policy::work_sharing;
  using caf::policy::work_stealing;
  if (policy == caf::atom("testing"))
    return new test_coordinator{system};
  if (policy == caf::atom("sharing"))
    return profiled ? new profiled_coordinator<caf::policy::profiled<work_sharing>>{system}
                    : static_cast<abstract_coordinator*>(new coordinator<work_sharing>{system});
  return profiled ? new profiled_coordinator<caf::policy::profiled<work_stealing>>{system}
                  : static_cast<abstract_coordinator*>(new coordinator<work_stealing>{system});
}

template <class Policy>
bool is_worker_of(caf::actor_system& system) {
  auto* const those = dynamic_cast<caf::scheduler::coordinator<Policy>*>(&system.scheduler());
  if (!those)
    return false;
  for (std::size_t i = 0; i < those->num_workers(); ++i)
    if (those->worker_by_id(i)->get_thread().get_id() == std::this_thread::get_id())
      return true;
  return false;
}
#endif

/// The same of any system's, for who has none; CAF names its threads.
inline bool is_named_as_schedulers() noexcept {
  std::array<char, 16> name{};
  if (pthread_getname_np(pthread_self(), name.data(), name.size()) != 0)
    return false;
  const std::string_view named{name.data()};
  return named == "caf.multiplexer" || named == "caf.worker";
}

/// CAF names its threads, as anybody may, so for this system's own 0.17 is asked for its workers as well.
inline bool on_scheduler_thread([[maybe_unused]] caf::actor_system& system) {
  if (is_named_as_schedulers())
    return true;
#if TASKACTOR_CAF_0
  using caf::policy::profiled;
  using caf::policy::work_sharing;
  using caf::policy::work_stealing;
  return is_worker_of<work_stealing>(system) || is_worker_of<work_sharing>(system)
         || is_worker_of<profiled<work_stealing>>(system) || is_worker_of<profiled<work_sharing>>(system);
#else
  return false;
#endif
}

/// Its destructor lets what is counted so end before it stops the scheduler.
inline void count_as_running(caf::actor_system& system) { system.registry().inc_running(); }
inline void count_as_ended(caf::actor_system& system) { system.registry().dec_running(); }

} // namespace taskactor::detail
