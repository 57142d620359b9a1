/// The table of tasks: who waits and runs, by id, and who has ended lately.
///
/// The manager owns it and publishes it, as an Erlang process publishes an ETS table, so that admission,
/// look-up and the first step of a cancellation are decided in the caller's thread (rule 1). One lock, short
/// sections: no user code runs and no message is sent under it.
#pragma once

#include "base/adaptive_mutex.hpp"
#include "base/chain.hpp"
#include "lifecycle/admission_queue.hpp"
#include "lifecycle/id_index.hpp"
#include "lifecycle/shed_list.hpp"
#include "lifecycle/task_counts.hpp"
#include "lifecycle/task_history.hpp"

#include <taskactor/detail/record.hpp>
#include <taskactor/manager_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace taskactor::detail {

/// What became of an admission.
struct admission_answer {
  std::optional<rejection> refused{};
  bool tell = false;       // the manager has to be told that there is work
  ref<record> joined{};    // this one is there already, and has got one handle more
  ref<record> cancelled{}; // this one is to end for it: shed, or replaced
};

class task_table {
public:
  task_table(std::size_t max_queue, const history_options& history)
      : max_queue_(max_queue), history_(history.size, history.ttl) {}

  /// `wrong`: what is wrong with the options, told unless the id is taken.
  admission_answer admit(ref<record> task, on_full full, on_duplicate duplicate,
                         std::optional<rejection> wrong);
  /// How many are there, slots included.
  std::size_t size() const;
  bool has_room() const;
  /// Slots of gathers: not counted, not found by id. Empty when no work is taken any more.
  std::optional<bool> admit_slot(ref<record> slot);
  /// The manager's: what has been admitted since the last call.
  chain<record> take_incoming();
  using taken = admission_queue::taken;
  void close(taken what_is_left);
  /// Whether tasks, or gathers, of such a depth are refused.
  bool refuses(std::uint8_t depth) const;

  /// The task has its end state. `lingers`: its work goes on.
  void end(record& task, state how, time_point now, bool lingers);
  /// Work that goes on of a task that has gone on without it.
  void linger(record& rest);
  /// A slot's, or a lingering task's, actor is down.
  void gone(record& task);

  /// The state's first step of a cancellation, and the record to tell the manager of.
  cancel_reply cancel(record& task, end_reason why);
  /// Why the task is `cancelling`. The state comes first: only under the lock are both there.
  end_reason reason(const record& task) const;
  ref<record> find_live(std::string_view id) const;
  /// Live, or ended not too long ago; null otherwise.
  ref<record> find_record(std::string_view id, time_point now) const;
  /// In order of admission.
  std::vector<ref<record>> live() const;
  void add_to(manager_statistics& result) const;
  shutdown_report ended_since_close() const;

private:
  class reservation;
  std::string fresh_id();
  static cancel_reply cancel_locked(record& task, end_reason why);
  std::size_t counted() const noexcept {
    return tasks_.size() - sheddable_.shedding() - counts_.of_gathers();
  }

  const std::size_t max_queue_;
  mutable adaptive_mutex mutex_; // what follows
  id_index tasks_;
  std::unordered_set<record*> others_; // slots, and lingering tasks; the manager holds them
  admission_queue incoming_;
  shed_list sheddable_;
  task_history history_;
  std::uint64_t next_id_ = 0;
  task_counts counts_;
};

} // namespace taskactor::detail
