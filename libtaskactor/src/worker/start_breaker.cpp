#include "worker/start_breaker.hpp"

#include "worker/program_role.hpp"

#include <algorithm>

namespace taskactor::detail {

bool start_breaker::holds_back(clock::time_point now) const noexcept {
  return starts_failed_ >= failures_at_once && (trying_ || pause_left(now).count() > 0);
}

bool start_breaker::may_recover() const noexcept {
  return !stopped_ && has_greeted_ && (starts_failed_ < failures_waited_for || alive_ != 0);
}

std::chrono::milliseconds start_breaker::pause_left(clock::time_point now) const noexcept {
  if (starts_failed_ < failures_at_once)
    return {};
  const auto left = no_start_before_ - now;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds{});
}

void start_breaker::check_pause(clock::time_point now) const {
  if (const auto left = pause_left(now); left.count() > 0)
    not_started("the last " + std::to_string(starts_failed_)
                + " workers have ended at their start, and the next is started in "
                + std::to_string(left.count()) + " ms: " + why_not_started_);
}

void start_breaker::greeted(pool_entry& which) noexcept {
  starts_failed_ = 0;
  has_greeted_ = true;
  trying_ = false;
  which.lives = true;
  ++alive_;
}

void start_breaker::ended(const pool_entry& which) noexcept {
  if (which.lives)
    --alive_;
  else
    trying_ = false;
}

void start_breaker::failed(const pool_entry& which, const std::string& why, clock::time_point now) {
  why_not_started_ = why;
  if (which.begun_after != starts_failed_) // one of many at once
    return;
  const auto failures = ++starts_failed_;
  const auto doublings = std::min(failures - std::min(failures, failures_at_once), 16U);
  no_start_before_
      = now + std::min<std::chrono::milliseconds>(longest_pause, first_pause * (1U << doublings));
}

} // namespace taskactor::detail
