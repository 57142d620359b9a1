/// `shutdown_sequence`: the stages of a manager's shutdown, and how long each lasts (rule 12). No actor in
/// it; the manager's alone.
///
///     open --stop--> draining --drain--> cancelling --cancel--> killing --kill--> over
///
/// A further call hurries it up, and never holds it back. What a stage means for tasks is its owner's
/// business.
#pragma once

#include <taskactor/manager_options.hpp>
#include <taskactor/time_span.hpp>

#include <cstdint>

namespace taskactor::detail {

class shutdown_sequence {
public:
  enum class stage : std::uint8_t { open, draining, cancelling, killing, over };

  bool is_open() const noexcept { return stage_ == stage::open; }
  bool is_over() const noexcept { return stage_ == stage::over; }
  /// Tasks that run are cancelled, or have been.
  bool cancels() const noexcept { return stage_ >= stage::cancelling; }
  /// The next stage begins then.
  time_point due() const noexcept { return due_; }

  /// Somebody has asked for it. True: the next stage is to begin now. Not when it is over.
  bool stop(const shutdown_options& bounds, time_point now) noexcept;
  /// The next stage begins; after the last one it stays over.
  stage advance(time_point now) noexcept;
  /// All has ended.
  void finish() noexcept {
    stage_ = stage::over;
    due_ = time_point::max();
  }

private:
  stage stage_ = stage::open;
  shutdown_options bounds_;
  time_point due_ = time_point::max();
};

} // namespace taskactor::detail
