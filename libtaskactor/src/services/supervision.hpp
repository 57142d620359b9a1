/// The rules of a supervisor, without CAF in them: what has happened goes in, what is to be done comes out.
///
///     waiting --start--> starting --spawned, ready--> running --down--> waiting or ended
///                           \-------- marked to stop: asked, killed -------->   stopping --down--/
///
/// A child is **marked to stop** when it has to go: its siblings' restart takes it along, it wasn't ready in
/// time, somebody asked, or all is being stopped. Those are asked to end one after the other, the last that
/// was started first. What isn't marked is left alone.
///
/// Order: until all have been started once, and always where a restart takes others along, one child at a
/// time is starting, and none while a marked one is left. Of children that are independent later
/// (one_for_one) each restarts by itself: here a slow start holds up nobody. (OTP's supervisor does one thing
/// at a time.)
///
/// Each start of a child has a number, its run: what is said of a run that is over, is ignored.
#pragma once

#include "base/deadline_heap.hpp"

#include <taskactor/actors/service_info.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

/// How a child's end counts.
enum class exit_kind : std::uint8_t {
  normal,   ///< it had come to its end
  shutdown, ///< somebody asked it to end
  failed,   ///< anything else
};

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

class supervision {
public:
  /// A random time below the limit.
  using chance = std::function<std::chrono::nanoseconds(std::chrono::nanoseconds limit)>;

  struct child {
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

  supervision(restart_strategy how, restart_limit limit, chance random_below);
  /// In the order of their start; before `begin`.
  void add(child which) { children_.push_back(std::move(which)); }

  // -- what has happened ----------------------------------------------------
  std::vector<step> begin(time_point now);
  std::vector<step> spawned(std::size_t which, std::uint64_t run, time_point now);
  std::vector<step> ready(std::size_t which, std::uint64_t run, time_point now);
  /// Also: its start came to nothing.
  std::vector<step> down(std::size_t which, std::uint64_t run, exit_kind how, std::string why,
                         time_point now);
  std::vector<step> time_passed(time_point now);
  /// Somebody wants it to be started anew, or to end its back-off. Counts as no failure, and takes nobody
  /// along.
  std::vector<step> renew(std::size_t which, time_point now);
  std::vector<step> stop(time_point now);

  // -- how it stands --------------------------------------------------------
  const child& at(std::size_t which) const { return children_[which]; }
  std::size_t size() const noexcept { return children_.size(); }
  bool ending() const noexcept { return ending_; }
  /// When `time_passed` is to be called.
  std::optional<time_point> due();

private:
  bool grouped() const noexcept { return strategy_ != restart_strategy::one_for_one; }
  bool alive(const child& which) const noexcept;
  std::size_t index(const child& which) const noexcept {
    return static_cast<std::size_t>(&which - children_.data());
  }
  void tell(step::kind what, const child& which, std::string text = {}, std::chrono::nanoseconds time = {});
  void enter(child& which, service_state state, time_point now);
  void due_at(child& which, time_point when);
  std::vector<step> settle(time_point now);

  void start(child& which, time_point now);
  void start_ready_ones(time_point now);
  void comes_to_run(child& which, time_point now);
  void note_begun();
  void fail(child& which, const std::string& why, time_point now);
  void restart_with(std::size_t first, std::size_t last, time_point when, time_point now);
  void mark_to_stop(child& which, bool wanted, time_point resume);
  void stop_marked(time_point now);
  void ask(child& which, time_point now);
  void kill(child& which, time_point now);
  void tell_end(child& which, bool failed, time_point now);
  void gone(child& which, time_point now);
  void finish(std::string why, time_point now);
  bool within_limit(time_point now);
  void too_late(child& which, time_point now);

  const restart_strategy strategy_;
  const restart_limit limit_;
  chance random_below_;
  std::vector<child> children_;
  deadline_heap<child> deadlines_;
  std::deque<time_point> restarts_; // not older than the window
  std::vector<step> steps_;
  std::string why_;
  std::size_t marked_ = 0, starting_ = 0, never_run_ = 0;
  bool begun_ = false, ending_ = false, over_ = false;
};

} // namespace taskactor::detail
