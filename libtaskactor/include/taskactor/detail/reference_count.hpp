/// `detail::reference_count`: the count of an object that `ref` points to. Not for users.
///
/// Who derives from it has `release()`, and knows there how it is destroyed. Threads: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

class reference_count {
public:
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }

protected:
  reference_count() = default;
  /// Once it is one's own alone, it stays so; what others did with theirs is seen.
  std::uint32_t references() const noexcept { return references_.load(std::memory_order_acquire); }
  ~reference_count() = default;
  /// True: that was the last one.
  [[nodiscard]] bool drop_reference() noexcept {
    return references_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

private:
  std::atomic<std::uint32_t> references_{0};
};

} // namespace taskactor::detail
