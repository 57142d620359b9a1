/// The children of one supervisor: the state of each, the edges between states, and what is to be done on
/// each edge. No CAF in it, and no policy: which edge is taken, and when, is for `supervision` to say.
///
///     waiting --start--> starting --comes_to_run--> running
///     starting, running --end--> ended
///     starting, running --ask, kill--> stopping --gone--> waiting or ended
///     waiting --drop--> ended --renew, restart_at--> waiting
///
/// Invariants: a state changes here alone, and with it the counts of what starts and of what is marked. A
/// child has at most one deadline: of its start, its back-off or its end. What is to be done is collected in
/// order, until `take_steps`. Threads: its supervisor's.
#pragma once

#include "base/deadline_heap.hpp"

#include <taskactor/actors/service_info.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// What is to be done, or told, after an event; in this order.
struct step {
  enum class kind : std::uint8_t {
    start,       ///< begin its run, and say `spawned` or `down`
    ask,         ///< ask it to end
    kill,        ///< end it
    changed,     ///< its state, and nothing else
    running,     ///< it has come so far
    ended,       ///< as it should, after it had run for `time`; `text`: how
    failed,      ///< an end out of order, or a start that came to nothing; `text`: how
    restarting,  ///< it will be started again after `time`; `text`: which of how many this is
    left_behind, ///< it has outlived its kill, and is waited for no longer
    all_started, ///< of the supervisor: all children have been running
    gave_up,     ///< of the supervisor; `text`: why
    over,        ///< of the supervisor: nothing is left; `text`: why, empty if it was asked to stop
  };
  kind what;
  std::size_t child = 0;
  std::chrono::nanoseconds time{};
  std::string text{};
};

struct supervised_child {
  std::string name;
  restart_policy policy = restart_policy::permanent;
  std::optional<std::chrono::nanoseconds> ready_within{}; // empty: it is ready when it exists
  std::chrono::nanoseconds stop_within{};
  taskactor::backoff backoff{.first = std::chrono::nanoseconds{0}};
  std::chrono::nanoseconds backoff_reset_after = std::chrono::minutes{1};

  service_state state = service_state::waiting;
  bool marked_to_stop = false, wanted = true, killed = false;
  bool late = false; // and stopped for it
  bool has_run = false;
  std::uint64_t run = 0;      // of how many
  std::size_t short_runs = 0; // in a row
  time_point since{};         // it is in its state
  time_point running_since{}; // zero: this run hasn't come so far
  time_point resume{};        // not to be started before
  std::string reason{};       // of the end of its last run

  time_point due{}; // in the heap
  std::size_t position = 0;
};

/// It has a run, which somebody will say is over.
inline bool is_alive(const supervised_child& which) noexcept {
  return which.state == service_state::starting || which.state == service_state::running
         || which.state == service_state::stopping;
}

/// Its functions take children that are its own.
class child_table {
public:
  /// In the order of their start.
  explicit child_table(std::vector<supervised_child> children) : children_(std::move(children)) {}

  std::span<supervised_child> all() noexcept { return children_; }
  const std::vector<supervised_child>& all() const noexcept { return children_; }
  std::size_t index(const supervised_child& which) const noexcept {
    return static_cast<std::size_t>(&which - children_.data());
  }
  std::size_t marked() const noexcept { return marked_; }     // to stop
  std::size_t starting() const noexcept { return starting_; } // at present

  // -- edges ----------------------------------------------------------------
  void start(supervised_child& which, time_point now);
  void comes_to_run(supervised_child& which, time_point now);
  /// It isn't ready in time, and has to be stopped, whatever becomes of it then.
  void too_late(supervised_child& which, time_point now);
  /// It wasn't to stop, and is down.
  void end(supervised_child& which, bool failed, time_point now);
  /// It waits no more: it isn't started again.
  void drop(supervised_child& which, time_point now);
  /// It is to be started at once, for which it waits.
  void renew(supervised_child& which, time_point now);
  /// It is to be started then, and not before another time that it waits for. It isn't alive.
  void restart_at(supervised_child& which, time_point when, time_point now);
  /// `wanted`: again when it is down, from `resume` on.
  void mark_to_stop(supervised_child& which, bool wanted, time_point resume);
  void ask(supervised_child& which, time_point now);
  void kill(supervised_child& which, time_point now);
  /// How, and after how long.
  void tell_end(const supervised_child& which, bool failed, time_point now);
  /// It was to stop, and is down, or waited for no longer. `again`: it waits for its next start.
  void gone(supervised_child& which, bool again, time_point now);

  // -- deadlines ------------------------------------------------------------
  /// The earliest one.
  std::optional<time_point> due();
  /// Takes the deadline of the first child whose time is up. Null: none is.
  supervised_child* next_due(time_point now);

  // -- what is to be done ---------------------------------------------------
  void tell(step what) { steps_.push_back(std::move(what)); }
  void tell(step::kind what, const supervised_child& which, std::string text = {},
            std::chrono::nanoseconds time = {});
  std::vector<step> take_steps() { return std::exchange(steps_, {}); }

private:
  void enter(supervised_child& which, service_state state, time_point now);
  void due_at(supervised_child& which, time_point when);

  std::vector<supervised_child> children_; // as many as there were: the heap points to them
  deadline_heap<supervised_child> deadlines_;
  std::vector<step> steps_;
  std::size_t marked_ = 0, starting_ = 0;
};

} // namespace taskactor::detail
