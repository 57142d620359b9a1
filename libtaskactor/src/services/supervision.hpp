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

#include "services/child_table.hpp"
#include "services/restart_intensity.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
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

class supervision {
public:
  /// A random time below the limit.
  using chance = std::function<std::chrono::nanoseconds(std::chrono::nanoseconds limit)>;

  /// The children are in the order of their start.
  supervision(restart_strategy how, restart_limit limit, chance random_below,
              std::vector<supervised_child> children);

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
  const supervised_child& at(std::size_t which) const { return children_.all()[which]; }
  std::size_t size() const noexcept { return children_.all().size(); }
  bool ending() const noexcept { return ending_; }
  /// When `time_passed` is to be called.
  std::optional<time_point> due() { return children_.due(); }

private:
  bool grouped() const noexcept { return strategy_ != restart_strategy::one_for_one; }
  std::vector<step> settle(time_point now);
  void start_ready_ones(time_point now);
  void note_begun();
  void too_late(supervised_child& which, time_point now);
  void fail(supervised_child& which, const std::string& why, time_point now);
  void restart_with(std::size_t first, std::size_t last, time_point when, time_point now);
  void stop_marked(time_point now);
  void finish(std::string why, time_point now);

  const restart_strategy strategy_;
  restart_intensity intensity_;
  chance random_below_;
  child_table children_;
  std::string why_;
  bool begun_ = false, ending_ = false, over_ = false;
};

} // namespace taskactor::detail
