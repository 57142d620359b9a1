/// `pending_operations`: what a body has begun and may leave behind, when it has ended or was killed: its
/// actor isn't down before these have ended. Threads: the one that runs the body.
#pragma once

#include <taskactor/detail/operation.hpp>
#include <taskactor/detail/ref.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace taskactor::detail {

class pending_operations {
public:
  /// `only_if_killed`: waited for only where the frames of a killed body are.
  void add(ref<operation> what, bool only_if_killed) {
    std::erase_if(operations_, [](const auto& each) { return each.what->ended(); });
    if (what && !what->ended())
      operations_.push_back({std::move(what), only_if_killed});
  }
  /// All of them are to end.
  void abandon() noexcept {
    for (const auto& each : operations_)
      each.what->abandon();
  }
  /// The same once, also if they were told before: there is no time left.
  void abandon_at_kill() noexcept {
    if (!std::exchange(killed_, true))
      abandon();
  }
  /// The body has ended by itself.
  void forget_those_of_kill() {
    std::erase_if(operations_, [](const auto& each) { return each.only_if_killed; });
  }
  void clear() noexcept { operations_.clear(); }

  /// Whether nothing goes on of what has to be waited for.
  bool have_ended(bool killed) const noexcept {
    return std::all_of(operations_.begin(), operations_.end(), [killed](const auto& each) {
      return (each.only_if_killed && !killed) || each.what->ended();
    });
  }

private:
  struct pending {
    ref<operation> what;
    bool only_if_killed;
  };
  std::vector<pending> operations_;
  bool killed_ = false;
};

} // namespace taskactor::detail
