/// `runner_part`: one kind of a runner's calls to its store: one at a time, and after one that has failed the
/// next after a while. The runner's thread alone.
#pragma once

#include "lifecycle/fault_injector.hpp"

#include <taskactor/backoff.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/queue/job_runner_options.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace taskactor::detail {

class runner_part {
public:
  runner_part(runner_part_statistics& counts, fault_injector* decides) noexcept
      : counts_(counts), decides_(decides) {}

  bool is_under_way() const noexcept { return under_way_; }
  bool may_begin(time_point now) const noexcept { return !under_way_ && now >= not_before_; }
  /// From when on it may, as far as that is a matter of time.
  time_point not_before() const noexcept { return under_way_ ? time_point::max() : not_before_; }
  void begin() noexcept {
    under_way_ = true;
    ++counts_.calls;
  }
  /// It is over. True: it has succeeded.
  template <class T>
  bool end(const expected<T>& got, time_point now) {
    under_way_ = false;
    if (got) {
      failures_ = 0;
      not_before_ = {};
      counts_.last_success = now;
      counts_.last_error.clear();
      return true;
    }
    constexpr backoff again{.first = std::chrono::milliseconds{100},
                            .max = std::chrono::seconds{2},
                            .jitter = std::chrono::milliseconds{50}};
    ++counts_.failures;
    counts_.last_error = got.error().message;
    not_before_ = after(now, plus(again.wait_after(++failures_), random_below(decides_, again.jitter)));
    return false;
  }

private:
  runner_part_statistics& counts_;
  fault_injector* decides_;
  bool under_way_ = false;
  std::size_t failures_ = 0; // in a row
  time_point not_before_{};
};

} // namespace taskactor::detail
