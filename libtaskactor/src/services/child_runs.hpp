/// The runs that a supervisor has under way: at most one of each child, and whose the actors are that it
/// monitors. Tells the runtime how many of their threads are about to say something. Threads: its
/// supervisor's.
#pragma once

#include "services/running_child.hpp"
#include "services/supervision.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

class child_runs {
public:
  struct which_run {
    std::size_t child;
    std::uint64_t run;
  };

  /// `busy_threads`: the runtime's count, used until `clear`.
  child_runs(std::size_t children, std::atomic<std::size_t>& busy_threads)
      : runs_(children), busy_(children), busy_threads_(busy_threads) {}

  const running_child& operator[](std::size_t which) const noexcept { return runs_[which]; }
  void put(std::size_t which, running_child begun);
  /// A monitored actor has ended. Empty: it is none of these, or was left behind.
  std::optional<which_run> find_ended(caf::actor_id who);
  /// Nothing, for a run that isn't under way.
  void remove(std::size_t which, std::uint64_t run);
  void leave_behind(std::size_t which) { runs_[which] = {}; }
  /// A detached actor that is starting or stopping is about to say that it is ready, or to end.
  void count_busy(const supervised_child& child, std::size_t which);
  void clear();

private:
  std::vector<running_child> runs_;
  std::unordered_map<caf::actor_id, which_run> monitored_;
  std::vector<bool> busy_; // as told to the runtime
  std::atomic<std::size_t>& busy_threads_;
};

} // namespace taskactor::detail
