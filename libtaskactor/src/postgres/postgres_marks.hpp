/// `postgres_marks`: where the lines of ready jobs begin, as the claims of this process have seen it, so that
/// a claim doesn't read again over the dead rows of what was claimed before: of those the server clears none
/// away while anybody's snapshot is old.
///
///     a line:   dead dead dead | mark | dead dead | ready ready ready
///               ... drawn longer ago than `lag`, and not there
///
/// A row may come to be below a mark: its push was committed later than `lag` after it had drawn its number,
/// or it was given back to its place by another process. So the lines are swept, from their beginning, as
/// often as that takes a tenth of the time at most: mostly with each claim.
///
/// Threads: one at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace taskactor::detail {

class postgres_marks {
public:
  using time = std::chrono::steady_clock::time_point;
  using line = std::pair<std::int64_t, int>; // lane, priority

  /// `lag`: longer than a push mostly takes from its number to its commit.
  /// Sweeps take one part in `part` of the time.
  postgres_marks(std::chrono::nanoseconds lag, int part) : lag_(lag), part_(part) {}

  using lines = std::map<line, std::int64_t>;
  const lines& of(const std::string& queue) const {
    static const lines none;
    const auto at = marks_.find(queue);
    return at == marks_.end() ? none : at->second;
  }
  bool may_sweep(const std::string& queue, time now) const {
    const auto at = sweeps_.find(queue);
    return at == sweeps_.end() || now >= at->second;
  }
  /// When the next sweep may be.
  time next_sweep(const std::string& queue) const {
    const auto at = sweeps_.find(queue);
    return at == sweeps_.end() ? time{} : at->second;
  }
  void swept(const std::string& queue, time now, std::chrono::nanoseconds took) {
    sweeps_.insert_or_assign(queue, now + part_ * took);
    if (sweeps_.size() > most)
      sweeps_.clear();
  }

  /// `last`: the number that was drawn last, at `now`.
  void drawn(std::int64_t last, time now) {
    while (drawn_.size() > 1 && drawn_[1].first <= now - lag_)
      drawn_.pop_front();
    if (drawn_.empty() || now - drawn_.back().first >= lag_ / 8)
      drawn_.emplace_back(now, last);
  }
  /// Before `seq` the line had nothing when it was read.
  void begins(const std::string& queue, line which, std::int64_t seq, time now) {
    if (drawn_.empty() || drawn_.front().first > now - lag_)
      return;
    auto& all = marks_[queue];
    auto& known = all[which];
    known = std::max(known, std::min(seq, drawn_.front().second));
    if (all.size() > most)
      all.clear();
  }
  /// A row was put where it had been before.
  void clear() noexcept { marks_.clear(); }
  /// A server that has crashed may give out numbers again.
  void forget() noexcept {
    marks_.clear();
    drawn_.clear();
  }

private:
  static constexpr std::size_t most = 20'000;

  std::chrono::nanoseconds lag_;
  int part_;
  std::map<std::string, lines> marks_;
  std::map<std::string, time> sweeps_; // the next one
  std::deque<std::pair<time, std::int64_t>> drawn_;
};

} // namespace taskactor::detail
