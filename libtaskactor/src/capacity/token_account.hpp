/// The holder's side of a limiter, without any actor in it: see `limiter.hpp`.
#pragma once

#include <algorithm>
#include <cstddef>

namespace taskactor::detail {

/// A holder's side: how many tokens it has, uses, has asked for and has to give back.
class token_account {
public:
  token_account() = default;
  /// `once`: a token can be used once (the limiter has a rate).
  explicit token_account(bool once) noexcept : once_(once) {}

  /// Takes idle tokens for a piece of work: all or none.
  [[nodiscard]] bool take(std::size_t count = 1) noexcept {
    if (idle() < count)
      return false;
    used_ += count;
    return true;
  }
  /// That piece of work is over. Returns how many tokens to release now.
  [[nodiscard]] std::size_t put(std::size_t count = 1) noexcept {
    used_ -= count;
    if (!once_)
      return give_back();
    held_ -= count;
    owed_ -= std::min(owed_, count);
    return count + give_back();
  }
  /// That piece of work hasn't begun, and won't.
  [[nodiscard]] std::size_t put_unused(std::size_t count) noexcept {
    used_ -= count;
    return give_back();
  }
  /// Nobody is going to use what is idle. Returns how many to release now.
  [[nodiscard]] std::size_t put_idle() noexcept {
    const auto count = held_ - used_;
    held_ = used_;
    owed_ -= std::min(owed_, count);
    return count;
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
  /// What is recalled beyond what is held has been given back already, by a release that the recall has
  /// crossed. Were it owed still, it would be taken from the next grant, which may come with such a recall
  /// again, without end.
  [[nodiscard]] std::size_t recalled(std::size_t count) noexcept {
    owed_ = std::min(owed_ + count, held_);
    return give_back();
  }

  /// Tokens are to go back as soon as they aren't used.
  bool owes() const noexcept { return owed_ != 0; }
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

  bool once_ = false;
  std::size_t held_ = 0, used_ = 0, asked_ = 0, owed_ = 0;
};

} // namespace taskactor::detail
