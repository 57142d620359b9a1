/// `admission_queue`: what has been admitted and the manager hasn't taken in yet, numbered in that order; and
/// what is admitted at all, from stage to stage of a shutdown. A part of the task table: under its lock.
#pragma once

#include "base/chain.hpp"

#include <taskactor/detail/record.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace taskactor::detail {

class admission_queue {
public:
  /// Stages of a shutdown, each with what it takes no more.
  enum class taken : std::uint8_t {
    all,
    begun,  ///< no more tasks at top level, nor gathers; those that run have what they need
    nested, ///< nor further items of blocking gathers; tasks that are to end may need others for that
    none,
  };
  bool is_open() const noexcept { return taken_ == taken::all; }
  /// Stages don't go back.
  void close(taken what_is_left) noexcept { taken_ = std::max(taken_, what_is_left); }
  bool refuses(std::uint8_t depth) const noexcept {
    return !is_open() && (depth == 0 || taken_ == taken::none);
  }
  /// A slot of a gather, or an item's task.
  bool refuses_slot(std::uint8_t depth) const noexcept {
    return taken_ == taken::none || (taken_ == taken::nested && depth == 0);
  }

  /// True: the manager has to be told that there is work.
  [[nodiscard]] bool push(ref<record> admitted) noexcept {
    admitted->sequence = ++sequence_;
    incoming_.push(std::move(admitted));
    return !std::exchange(told_, true);
  }
  /// What has come since the last call.
  chain<record> take() noexcept {
    told_ = false;
    return std::move(incoming_);
  }

private:
  chain<record> incoming_;
  bool told_ = false;
  taken taken_ = taken::all;
  std::uint64_t sequence_ = 0;
};

} // namespace taskactor::detail
