/// When it was by the clock on the wall, of a moment by the clock that doesn't jump: commands are timed by
/// that one.
#pragma once

#include <chrono>

namespace taskactor::cli {

class wall_clock {
public:
  wall_clock() noexcept {
    constexpr int tries = 10;
    auto closest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < tries; ++i) {
      const auto before = std::chrono::steady_clock::now();
      const auto wall = std::chrono::system_clock::now();
      const auto between = std::chrono::steady_clock::now() - before;
      if (between >= closest)
        continue;
      closest = between;
      steady_ = before + between / 2;
      wall_ = wall;
    }
  }

  /// Since 1970.
  std::chrono::milliseconds operator()(std::chrono::steady_clock::time_point at) const {
    const auto wall = wall_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(at - steady_);
    return std::chrono::floor<std::chrono::milliseconds>(wall.time_since_epoch());
  }

private:
  /// Both clocks at one moment, as close together as they can be read: between the two another program may
  /// have had the processor.
  std::chrono::steady_clock::time_point steady_;
  std::chrono::system_clock::time_point wall_;
};

} // namespace taskactor::cli
