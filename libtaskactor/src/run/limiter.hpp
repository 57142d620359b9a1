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
/// not back yet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
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
    friend bool operator==(const notice&, const notice&) = default;
  };
  using notices = std::vector<notice>;

  explicit limiter(std::size_t capacity) noexcept : capacity_(capacity) {}

  [[nodiscard]] notices acquire(holder_id who, std::size_t count) {
    if (count != 0) {
      holders_[who].wanted += count;
      queue_.push_back({who, count});
    }
    return settle();
  }
  [[nodiscard]] notices release(holder_id who, std::size_t count) {
    auto& holder = holders_[who];
    count = std::min(count, holder.lent); // a token that wasn't lent can't come back
    holder.lent -= count;
    holder.recalled -= std::min(holder.recalled, count);
    lent_ -= count;
    return settle();
  }
  [[nodiscard]] notices gone(holder_id who) {
    if (const auto found = holders_.find(who); found != holders_.end()) {
      lent_ -= found->second.lent;
      holders_.erase(found);
      std::erase_if(queue_, [who](const request& r) { return r.who == who; });
    }
    return settle();
  }
  [[nodiscard]] notices resize(std::size_t capacity) {
    capacity_ = capacity;
    return settle();
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

  notices settle() {
    notices result;
    while (!queue_.empty() && lent_ < capacity_)
      grant(result);
    recall(result);
    return result;
  }
  void grant(notices& result) {
    auto& first = queue_.front();
    const auto count = std::min(first.count, capacity_ - lent_);
    auto& holder = holders_[first.who];
    holder.lent += count;
    holder.wanted -= count;
    lent_ += count;
    result.push_back({notice::kind::grant, first.who, count});
    if ((first.count -= count) == 0)
      queue_.pop_front();
  }
  /// Asks back what a smaller capacity doesn't cover, and what others wait for, from those who hold most.
  void recall(notices& result) {
    auto needed = lent_ > capacity_ ? lent_ - capacity_ : 0;
    for (const auto& waiting : queue_)
      for (const auto& [who, holder] : holders_)
        if (who != waiting.who && holder.lent > holder.recalled && needed < lent_) {
          needed += waiting.count;
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
  std::size_t lent_ = 0;
  std::map<holder_id, holder> holders_;
  std::deque<request> queue_;
};

/// A holder's side: how many tokens it has, uses, has asked for and has to give back.
class token_account {
public:
  /// Takes an idle token for a piece of work.
  [[nodiscard]] bool take() noexcept {
    if (idle() == 0)
      return false;
    ++used_;
    return true;
  }
  /// That piece of work is over. Returns how many tokens to release now.
  [[nodiscard]] std::size_t put() noexcept {
    --used_;
    return give_back();
  }
  /// There is work for so many tokens beyond those in use. Returns how many to acquire now.
  [[nodiscard]] std::size_t ask(std::size_t demand) noexcept {
    const auto coming = idle() + asked_;
    const auto count = demand > coming ? demand - coming : 0;
    asked_ += count;
    return count;
  }
  /// Returns how many to release at once.
  [[nodiscard]] std::size_t granted(std::size_t count) noexcept {
    asked_ -= std::min(asked_, count);
    held_ += count;
    return give_back();
  }
  [[nodiscard]] std::size_t recalled(std::size_t count) noexcept {
    owed_ += count;
    return give_back();
  }

  std::size_t used() const noexcept { return used_; }
  std::size_t held() const noexcept { return held_; }
  std::size_t idle() const noexcept { return held_ - used_ - std::min(owed_, held_ - used_); }

private:
  std::size_t give_back() noexcept {
    const auto count = std::min(owed_, held_ - used_);
    owed_ -= count;
    held_ -= count;
    return count;
  }

  std::size_t held_ = 0, used_ = 0, asked_ = 0, owed_ = 0;
};

} // namespace taskactor::detail
