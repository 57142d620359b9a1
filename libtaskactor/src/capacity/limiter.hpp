/// The rules of a limiter and of those who hold its tokens, without any actor in them (rule 5).
///
///     holder                           limiter
///       | --- acquire_tokens{n} ------> |   asks for as many as it has work for, in batches
///       | <-- tokens_granted{k} ------- |   in the order of asking; k <= n, the rest later
///       | --- release_tokens{k} ------> |   when recalled, or when it ends
///       | <-- tokens_recalled{k} ------ |   somebody else waits, or the capacity has shrunk
///
/// A holder keeps idle tokens until they are recalled: a token that passes from one task to the next costs no
/// message. The limiter monitors its holders: a dead one's tokens come back, and its requests are forgotten.
/// What is lent never exceeds the capacity, but by tokens that a smaller capacity has recalled and that are
/// not back yet. With a rate a token is also one of a bucket: it can be used once, so that its holder gives
/// it back after that, and asks for a new one. One that comes back unused is put back into the bucket, as far
/// as that would be fuller without it.
#pragma once

#include "capacity/take_history.hpp"
#include "capacity/token_bucket.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace taskactor::detail {

using holder_id = std::uint64_t;

class limiter {
public:
  /// What to tell a holder.
  struct notice {
    enum class kind : std::uint8_t { grant, recall } what;
    holder_id holder;
    std::size_t count;
    std::uint64_t last = 0; // of a grant: the number of its last token, counted from one
    friend bool operator==(const notice&, const notice&) = default;
  };
  using notices = std::vector<notice>;

  explicit limiter(std::size_t capacity, const std::optional<rate>& allowed = {}) noexcept
      : capacity_(capacity), bucket_(allowed) {}

  [[nodiscard]] notices acquire(holder_id who, std::size_t count, time_point now = {}) {
    if (count != 0) {
      holders_[who].wanted += count;
      if (!queue_.empty() && queue_.back().who == who)
        queue_.back().count += count;
      else
        queue_.push_back({who, count});
    }
    return settle(now);
  }
  [[nodiscard]] notices release(holder_id who, std::size_t count, time_point now = {}) {
    auto& holder = holders_[who];
    count = std::min(count, holder.lent); // a token that wasn't lent can't come back
    holder.lent -= count;
    holder.recalled -= std::min(holder.recalled, count);
    lent_ -= count;
    return settle(now);
  }
  /// The same, of tokens that were not used; `seen`: the `last` of the newest grant when they were taken.
  [[nodiscard]] notices give_back(holder_id who, std::size_t count, std::uint64_t seen, time_point now) {
    const auto found = holders_.find(who);
    const auto lent = found == holders_.end() ? 0 : std::min(count, found->second.lent);
    if (bucket_.limits() && lent != 0) {
      const auto stands_for = bucket_.debt_of(lent);
      bucket_.put_back(history_.give_back(seen, std::min(stands_for, bucket_.debt(now))), now);
    }
    return release(who, count, now);
  }
  [[nodiscard]] notices gone(holder_id who, time_point now = {}) {
    if (const auto found = holders_.find(who); found != holders_.end()) {
      lent_ -= found->second.lent;
      holders_.erase(found);
      std::erase_if(queue_, [who](const request& r) { return r.who == who; });
    }
    return settle(now);
  }
  [[nodiscard]] notices resize(std::size_t capacity, time_point now = {}) {
    capacity_ = capacity;
    return settle(now);
  }
  [[nodiscard]] notices set_rate(const std::optional<rate>& allowed, time_point now) {
    const auto before = bucket_.debt_of(1);
    bucket_.set(allowed, now);
    if (before.count() != 0)
      history_.scale(static_cast<double>(bucket_.debt_of(1).count()) / static_cast<double>(before.count()));
    return settle(now);
  }
  /// Time has passed.
  [[nodiscard]] notices refilled(time_point now) { return settle(now); }
  /// When to say so: while somebody waits for the bucket alone. It may be past already: what has come due
  /// since the last call isn't given to anybody yet.
  std::optional<time_point> refill_at() const {
    if (queue_.empty() || lent_ >= capacity_)
      return {};
    return bucket_.refill();
  }

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t lent() const noexcept { return lent_; }
  std::size_t lent_to(holder_id who) const {
    const auto found = holders_.find(who);
    return found == holders_.end() ? 0 : found->second.lent;
  }

private:
  struct request {
    holder_id who;
    std::size_t count;
  };
  struct holder {
    std::size_t lent = 0, wanted = 0, recalled = 0;
  };

  notices settle(time_point now) {
    notices result;
    while (!queue_.empty() && lent_ < capacity_ && bucket_.available(now) != 0)
      grant(result, now);
    recall(result);
    return result;
  }
  void grant(notices& result, time_point now) {
    auto& first = queue_.front();
    const auto count = std::min({first.count, capacity_ - lent_, bucket_.available(now)});
    if (bucket_.limits())
      history_.note(given_ + count, bucket_.debt(now));
    given_ += count;
    bucket_.take(count, now);
    auto& holder = holders_[first.who];
    holder.lent += count;
    holder.wanted -= count;
    lent_ += count;
    result.push_back({notice::kind::grant, first.who, count, given_});
    if ((first.count -= count) == 0)
      queue_.pop_front();
  }
  /// Asks back what a smaller capacity doesn't cover, and what others wait for, from those who hold most.
  void recall(notices& result) {
    auto needed = lent_ > capacity_ ? lent_ - capacity_ : 0;
    for (const auto& [waits, waiting] : holders_) // not each of its requests: they can be many
      for (const auto& [who, holder] : holders_)
        if (who != waits && holder.lent > holder.recalled) {
          needed += std::min(waiting.wanted, lent_);
          break;
        }
    for (const auto& [who, holder] : holders_)
      needed -= std::min(needed, holder.recalled);
    for (auto& [who, holder] : holders_) {
      const auto count = std::min(needed, holder.lent - std::min(holder.lent, holder.recalled));
      if (count == 0)
        continue;
      holder.recalled += count;
      needed -= count;
      result.push_back({notice::kind::recall, who, count});
    }
  }

  std::size_t capacity_;
  token_bucket bucket_;
  take_history history_;
  std::uint64_t given_ = 0; // tokens since the beginning
  std::size_t lent_ = 0;
  std::map<holder_id, holder> holders_;
  std::deque<request> queue_;
};

} // namespace taskactor::detail
