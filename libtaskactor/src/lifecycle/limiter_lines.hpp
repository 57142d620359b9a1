/// `limiter_lines`: what waits for tokens of named limiters, and holds them. The manager's alone.
///
///     enter --> line of "db" --> line of "mail" --> the ready queue          a claim: granted
///
/// A task takes what it needs one limiter after the other, in the order of their names, and then waits for
/// the global one. `task_extras::taken` says how many it has. They go back when nothing of it runs any more.
#pragma once

#include "lifecycle/ready_queue.hpp"
#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/record.hpp>

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace taskactor::detail {

class manager_core;
class named_limiter;
struct tokens_granted;

class limiter_lines {
public:
  /// `holder`: the manager, to whom limiters lend. What has all that it needs here goes to `next`.
  limiter_lines(manager_core& home, caf::local_actor& holder, ready_queue& next) noexcept
      : home_(home), holder_(holder), next_(next) {}

  /// It waits for what it needs next.
  void enter(ref<record> task);
  /// It has ended where it waits. False: not at a named limiter.
  bool leave(record& task);
  /// Gives back what it has; what it has taken and not used counts as not taken.
  void give_back_all(record& task, bool used) {
    if (task.extras)
      give_back_taken(task, used);
  }
  /// What `task` has is what `rest` has, from now on.
  void hand_over(record& task, record& rest);

  /// Tokens for a part of a body. True: it has to wait.
  bool begin_claim(const ref<record>& claim);
  void end_claim(record& claim, bool used);

  /// The limiter whose messages come from there; null: it is none of these.
  named_limiter* lent_by(const caf::abstract_actor& sender);
  void granted(named_limiter& by, const tokens_granted& got);
  void recalled(named_limiter& by, std::size_t count);
  /// Gives its tokens to those whose turn it is.
  void serve(named_limiter& limiter);

  /// How many tasks wait; without claims.
  std::size_t size() const noexcept { return size_; }

private:
  void give_back_taken(record& task, bool used);
  record* first_of(named_limiter& limiter);
  void give_back(const named_limiter& to, std::size_t count, std::uint64_t seen);
  void begin_wait(record& task, named_limiter& limiter);

  manager_core& home_;
  caf::local_actor& holder_;
  ready_queue& next_;
  std::unordered_map<caf::actor_id, named_limiter*> lenders_;
  std::size_t size_ = 0;
};

} // namespace taskactor::detail
