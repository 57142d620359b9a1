/// The rules of a limiter queue, without an actor or a lock in them: which call has a token, which waits for
/// one, and who is next.
///
///     waiting   first come, first served
///     returning calls that have lent their token back and want one again: ahead of the waiting
///     prefetched calls that were taken from the head of the line without a token, by who holds one
///
/// Its owner sends the tokens that a function says are to be released, and calls what `next` gives. Threads:
/// one at a time.
#pragma once

#include "base/fifo.hpp"
#include "capacity/token_account.hpp"

#include <taskactor/detail/limited_call.hpp>
#include <taskactor/manager_options.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace taskactor::detail {

class limited_call_line {
  using call_state = limited_call::call_state;
  using hold = limited_call::hold;

public:
  /// A call that has its token now.
  struct granted_call {
    ref<limited_call> call; // null: none
    bool again = false;     // it had lent its token back
    explicit operator bool() const noexcept { return static_cast<bool>(call); }
  };

  explicit limited_call_line(std::size_t capacity) : capacity_(capacity) {}

  // -- calls ----------------------------------------------------------------
  void push(ref<limited_call> call) { waiting_.push(std::move(call)); }
  /// Takes it out for good. Returns false if it has left the line.
  bool revoke(limited_call& call) noexcept {
    if (!waiting_.remove(call))
      return false;
    call.state_.store(call_state::revoked, std::memory_order_release);
    return true;
  }
  /// The head of the line, as far as it may be prefetched: at most `most`, and a fair part of what waits.
  /// None when tokens are to go back.
  std::vector<ref<limited_call>> prefetch(std::size_t most) {
    std::vector<ref<limited_call>> taken;
    if (account_.owes() || account_.used() > capacity_)
      return taken;
    const auto users = std::max<std::size_t>(account_.used(), 1);
    most = std::min(most, (waiting_.size() + users - 1) / users);
    taken.reserve(most);
    while (taken.size() < most && waiting_.front()->may_be_prefetched()) {
      taken.push_back(waiting_.pop());
      taken.back()->state_.store(call_state::granted, std::memory_order_release);
    }
    prefetched_ += taken.size();
    return taken;
  }
  /// Back to the head of the line. Returns how many tokens to release: it may have inherited one.
  [[nodiscard]] std::size_t put_back(ref<limited_call> call) noexcept {
    std::size_t count = 0;
    if (std::exchange(call->hold_, hold::nothing) == hold::token)
      count = account_.put_unused(1);
    else
      --prefetched_;
    call->state_.store(call_state::waiting, std::memory_order_release);
    waiting_.push_front(std::move(call));
    return count;
  }
  /// The token of what ends is that of `to`, which was prefetched behind it.
  void pass_on(limited_call& from, limited_call& to) noexcept {
    if (from.hold_ == hold::token) // else it leaves as what it is, and the other one runs over capacity
      to.inherit_token(from);
  }
  /// Whoever has lent its token back comes first. Its token is taken, as is said in it.
  granted_call next() {
    // A token that is idle here and beyond a smaller capacity is about to be recalled.
    if (demand() == 0 || account_.used() >= capacity_ || !account_.take())
      return {};
    const bool again = !returning_.empty();
    granted_call result{again ? returning_.pop() : waiting_.pop(), again};
    result.call->hold_ = hold::token;
    lent_back_ -= again ? 1 : 0;
    if (!again)
      result.call->state_.store(call_state::granted, std::memory_order_relaxed);
    return result;
  }
  /// Its work has ended. Returns how many tokens to release; empty: it had none.
  [[nodiscard]] std::optional<std::size_t> leave(limited_call& call) noexcept {
    const auto held = std::exchange(call.hold_, hold::nothing);
    call.state_.store(call_state::ended, std::memory_order_release);
    if (held == hold::nothing)
      --prefetched_;
    if (held == hold::wants_it_back)
      returning_.remove(call);
    if (held == hold::wants_it_back || held == hold::lent)
      --lent_back_;
    if (held == hold::token || held == hold::token_wanted)
      return account_.put();
    return {};
  }

  // -- lending: the two sides of it may overtake each other -----------------
  /// Returns true if it is to lend its token, and wants it back already: then it has kept it.
  bool keep_wanted(limited_call& call) noexcept {
    if (call.hold_ != hold::token_wanted)
      return false;
    call.hold_ = hold::token;
    return true;
  }
  /// Returns how many tokens to release; empty: it had none.
  [[nodiscard]] std::optional<std::size_t> lend_back(limited_call& call) noexcept {
    if (call.hold_ == hold::token) {
      call.hold_ = hold::lent;
      ++lent_back_;
      return account_.put();
    }
    if (call.hold_ == hold::wants_it_back) {
      call.hold_ = hold::lent;
      returning_.remove(call);
    }
    return {};
  }
  /// Returns true, and takes the reference, if it waits for a token now.
  bool want_back(ref<limited_call>&& call) noexcept {
    if (call->hold_ == hold::token) {
      call->hold_ = hold::token_wanted;
      return false;
    }
    if (call->hold_ != hold::lent)
      return false;
    call->hold_ = hold::wants_it_back;
    returning_.push(std::move(call));
    return true;
  }

  // -- tokens ---------------------------------------------------------------
  /// Each returns how many to release.
  [[nodiscard]] std::size_t granted(std::size_t count) noexcept { return account_.granted(count); }
  [[nodiscard]] std::size_t recalled(std::size_t count) noexcept { return account_.recalled(count); }
  /// Returns how many to acquire.
  [[nodiscard]] std::size_t ask() noexcept { return account_.ask(demand()); }
  void resize(std::size_t capacity) noexcept { capacity_ = capacity; }

  // -- how it stands --------------------------------------------------------
  static bool serves(const limited_call& call) noexcept { return call.hold_ == hold::token; }
  std::size_t demand() const noexcept { return waiting_.size() + returning_.size(); }
  /// Calls that have begun and not ended, those included that have lent their token back.
  std::size_t at_work() const noexcept { return account_.used() + lent_back_; }
  std::size_t prefetched() const noexcept { return prefetched_; } // and without a token yet
  /// A token is free, and nothing waits for it.
  bool is_idle() const noexcept { return demand() == 0 && account_.idle() != 0; }
  limiter_statistics statistics() const noexcept { return {capacity_, account_.used(), demand()}; }

private:
  std::size_t capacity_;
  token_account account_;
  fifo<limited_call> waiting_;
  fifo<limited_call> returning_; // those that have lent their token back
  std::size_t lent_back_ = 0;
  std::size_t prefetched_ = 0;
};

} // namespace taskactor::detail
