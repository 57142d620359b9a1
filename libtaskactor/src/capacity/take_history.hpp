/// What a token is worth that was taken from a bucket and not used: as far as the bucket would be fuller now,
/// had it never been taken. No actor in it.
///
///     a bucket of one, one a second:
///       take x, 0.4 s, x comes back             the bucket is full again
///       take x, 1.0 s, take y, x comes back     worth nothing: without x it would have been full as well,
///                                               and y would have left as little in it
///
/// A bucket is kept as its debt, the time until it is full (`token_bucket`). A later take shows how much debt
/// there was before it: a token from before it can't have left more of a difference. So it is worth the least
/// of that, over the takes since, and no more than itself. Takes are numbered by their tokens; whoever gives
/// tokens back says up to which number he had been given some when he took them into use.
///
/// Of the takes only those are kept that are less than all since, and of these no more than `most`: two that
/// are next to each other become one, to the disadvantage of who gives back.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace taskactor::detail {

class take_history {
public:
  using duration = std::chrono::nanoseconds;

  /// The tokens up to number `last` were taken, with so much debt before.
  void note(std::uint64_t last, duration debt) {
    while (!takes_.empty() && takes_.back().debt >= debt)
      takes_.pop_back();
    takes_.push_back({last, debt});
    if (takes_.size() > most)
      thin_out();
  }

  /// Of tokens in use since number `seen`, which together stand for `debt`, what they are worth now. They
  /// count as never taken from then on.
  duration give_back(std::uint64_t seen, duration debt) {
    const auto later
        = std::find_if(takes_.begin(), takes_.end(), [seen](const take& each) { return each.last > seen; });
    if (later == takes_.end())
      return debt;
    const auto worth = std::min(debt, later->debt);
    std::for_each(later, takes_.end(), [worth](take& each) { each.debt -= worth; });
    const auto least = later->debt;
    takes_.erase(
        std::find_if(takes_.begin(), later, [least](const take& each) { return each.debt >= least; }), later);
    return worth;
  }

  /// The rate has changed: each token stands for this many times the debt.
  void scale(double factor) {
    for (auto& each : takes_)
      each.debt = duration{static_cast<duration::rep>(static_cast<double>(each.debt.count()) * factor)};
  }

private:
  struct take {
    std::uint64_t last;
    duration debt;
  };
  static constexpr std::size_t most = 256;

  void thin_out() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i + 1 < takes_.size(); i += 2)
      takes_[kept++] = {takes_[i + 1].last, takes_[i].debt};
    if (takes_.size() % 2 != 0)
      takes_[kept++] = takes_.back();
    takes_.resize(kept);
  }

  std::vector<take> takes_; // later ones have more debt
};

} // namespace taskactor::detail
