/// `striped_count`: a count that several threads raise often and somebody reads seldom.
///
/// Each thread raises a stripe of its own, as far as they go: one word for all would move from processor to
/// processor with every step, which costs more than an empty item of a gather. Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

class striped_count {
public:
  void raise() noexcept { stripes_[own()].count.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t read() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : stripes_)
      sum += each.count.load(std::memory_order_relaxed);
    return sum;
  }

private:
  static constexpr std::size_t stripes = 8;
  struct alignas(64) stripe {
    std::atomic<std::uint64_t> count{0};
  };
  static std::size_t own() noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % stripes;
    return mine;
  }

  std::array<stripe, stripes> stripes_;
};

} // namespace taskactor::detail
