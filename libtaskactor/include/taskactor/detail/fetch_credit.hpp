/// How many items a gather may fetch ahead of who takes their outcomes. Not for users: see
/// `gather_state.hpp`.
#pragma once

#include <atomic>
#include <cstddef>

namespace taskactor::detail {

/// Credit-based flow control: a fetch takes one credit, and who takes an outcome gives one. Without a limit
/// (the default) fetches cost nothing. Threads: any; `limit_to` before the gather is opened.
class fetch_credit {
public:
  void limit_to(std::size_t items) noexcept { left_ = items; }
  bool is_limited() const noexcept { return left_.load(std::memory_order_relaxed) != unlimited; }
  std::size_t left() const noexcept { return left_.load(); }
  /// False: there is none until somebody gives one.
  bool take() noexcept { return !is_limited() || take_one(); }
  /// One more item may be fetched.
  void give() noexcept { left_.fetch_add(1); }
  /// A fetch has taken one, and has given no item.
  void take_back() noexcept {
    if (is_limited())
      give();
  }

  /// Whether a slot reads the range just now, of a gather with a limit.
  bool is_fetching() const noexcept { return fetching_.load() != 0; }
  /// Around a look whether the gather is closed, and the fetch after it: who closes it, and then finds that
  /// nobody is fetching, may destroy the range.
  class section {
  public:
    explicit section(fetch_credit& of) noexcept : of_(of.is_limited() ? &of : nullptr) {
      if (of_)
        of_->fetching_.fetch_add(1);
    }
    section(const section&) = delete;
    section& operator=(const section&) = delete;
    ~section() {
      if (of_)
        of_->fetching_.fetch_sub(1);
    }

  private:
    fetch_credit* of_;
  };

private:
  static constexpr std::size_t unlimited = ~std::size_t{0};
  bool take_one() noexcept {
    auto left = left_.load();
    while (left != 0 && !left_.compare_exchange_weak(left, left - 1)) {
    }
    return left != 0;
  }

  std::atomic<std::size_t> left_{unlimited}, fetching_{0};
};

} // namespace taskactor::detail
