#include "worker/output_barrier.hpp"

#include <utility>

namespace taskactor::detail {

void output_barrier::hold(std::string_view frame) {
  const std::lock_guard lock{mutex_};
  held_.emplace_front(frame);
  holding_ = true;
}

bool output_barrier::keep(std::string_view frame) {
  const std::lock_guard lock{mutex_};
  if (holding_)
    held_.emplace_back(frame);
  return holding_;
}

bool output_barrier::keep_close(bool broken) noexcept {
  const std::lock_guard lock{mutex_};
  if (holding_)
    closed_behind_ = broken;
  return holding_;
}

void output_barrier::drained() noexcept {
  const std::lock_guard lock{mutex_};
  drained_ = draining_;
  reading_ = false;
}

std::optional<std::string> output_barrier::next() noexcept {
  const std::lock_guard lock{mutex_};
  if (held_.empty()) {
    holding_ = false;
    return {};
  }
  auto oldest = std::move(held_.front());
  held_.pop_front();
  return oldest;
}

std::optional<bool> output_barrier::take_close() noexcept {
  const std::lock_guard lock{mutex_};
  return std::exchange(closed_behind_, {});
}

} // namespace taskactor::detail
