/// Commands that wait for their start, in the order in which they came. One for which there was no room is
/// put back, and is the next.
///
/// Threads: any, under its owner's lock.
#pragma once

#include "base/unique_fd.hpp"
#include "command/command_listener.hpp"
#include "command/launch_plan.hpp"
#include "command/stream_choice.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace taskactor::detail {

/// A command on its way to its start.
struct start_request {
  std::uint64_t key = 0;
  launch_plan plan{};
  command_options options{};
  std::shared_ptr<command_listener> listener{};
  unique_fd input{};                    // its standard input, unless the plan feeds it or there is none
  std::optional<start_error> refused{}; // there is no plan: this is why
  held_descriptors held{};              // what it inherits or owns
  bool talks = false;                   // its caller has the other ends of its pipes
  bool stays = false;                   // it ends when it is told to: nothing is gained by waiting for that
  std::size_t tries = 0;                // that it has been put back for want of something
};

class start_queue {
public:
  bool empty() const noexcept { return !first_ && queue_.empty(); }
  /// Errors: `std::bad_alloc`.
  void push(start_request&& request) { queue_.push_back(std::move(request)); }
  /// The next one, which leaves it; none when it is empty.
  std::optional<start_request> pop() {
    auto request = std::exchange(first_, std::nullopt);
    if (!request && !queue_.empty()) {
      request.emplace(std::move(queue_.front()));
      queue_.pop_front();
    }
    return request;
  }
  /// It is to be the next one. One at a time: the last that has left.
  void put_back(start_request&& request) noexcept { first_.emplace(std::move(request)); }

  /// One of them may have been abandoned since `pop_abandoned` found none.
  void note_abandoned() noexcept { any_abandoned_ = true; }
  /// The first one of which this is true leaves, though it isn't its turn.
  template <class F>
  std::optional<start_request> pop_abandoned(F&& is_abandoned) noexcept {
    if (!any_abandoned_)
      return {};
    if (first_ && is_abandoned(std::as_const(*first_)))
      return std::exchange(first_, std::nullopt);
    const auto found = std::find_if(queue_.begin(), queue_.end(), is_abandoned);
    if (found == queue_.end()) {
      any_abandoned_ = false;
      return {};
    }
    std::optional<start_request> request{std::move(*found)};
    queue_.erase(found);
    return request;
  }

private:
  std::optional<start_request> first_; // put back; in no queue, which would need memory for it
  std::deque<start_request> queue_;
  bool any_abandoned_ = false; // perhaps
};

} // namespace taskactor::detail
