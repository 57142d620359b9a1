/// `detail::outcome_owners`: how many may ask for a task's outcome, and whose its value is. Not for users:
/// see `handle`.
///
///     value: none --lend--> lent: somebody may refer to it
///            none, lent --take by the only one--> taken
///            none --take, for what can't be copied--> taken
///
/// Threads: any. Who lends or takes is an owner; so nobody can come to be one unseen while there is only one.
#pragma once

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

class outcome_owners {
public:
  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  /// True: that was the last one; nobody can ask any more.
  [[nodiscard]] bool drop() noexcept { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  bool only_one() const noexcept { return count_.load(std::memory_order_acquire) == 1; }

  /// The value may be referred to from now on. False: it has been taken.
  bool lend() noexcept {
    auto seen = use_.load(std::memory_order_acquire);
    while (seen == use::none && !use_.compare_exchange_weak(seen, use::lent)) {
    }
    return seen != use::taken;
  }
  /// The caller may move the value out, and nobody else ever. False: somebody else has, or may refer to it.
  bool take() noexcept {
    if (only_one())
      return use_.exchange(use::taken) != use::taken;
    auto expected = use::none;
    return use_.compare_exchange_strong(expected, use::taken);
  }

private:
  enum class use : std::uint8_t { none, lent, taken };
  std::atomic<std::uint32_t> count_{1}; // the manager, until the outcome is there
  std::atomic<use> use_{use::none};
};

/// Who may still ask for a task's outcome, and whether somebody has (rule 10). Threads: any.
class outcome_interest {
public:
  outcome_owners owners; // the handles, and at first the manager
  void mark_observed() noexcept { observed_.store(true, std::memory_order_relaxed); }
  bool observed() const noexcept { return observed_.load(std::memory_order_relaxed); }

protected:
  outcome_interest() = default;
  ~outcome_interest() = default;

private:
  std::atomic<bool> observed_{false};
};

} // namespace taskactor::detail
