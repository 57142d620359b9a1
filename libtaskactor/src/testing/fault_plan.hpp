/// The faults that a test has ordered, and the calls whose threads it has taken away.
#pragma once

#include "lifecycle/fault_injector.hpp"
#include "testing/virtual_scheduler.hpp"

#include <taskactor/testing/faults.hpp>
#include <taskactor/testing/manager.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

namespace taskactor::testing {

class fault_plan final : public detail::fault_injector {
public:
  fault_plan(virtual_scheduler& scheduler, thread_calls how, std::uint64_t seed)
      : scheduler_(scheduler), how_(how), chance_(seed) {
    wall_.since = scheduler.now();
    wall_.to = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
  }

  void lose_thread(occurrence which, when_lost when);
  void fail_start(occurrence which, errc code);
  std::size_t to_come() const;
  /// Calls that hold a token and whose threads are no more.
  std::size_t lost_calls() const;
  std::size_t bring_back();

  bool takes(const detail::ref<detail::thread_call>& call, const detail::record& task) override;
  std::optional<errc> fails_start(const detail::record& task) override;
  std::uint64_t draw(std::uint64_t limit) noexcept override;
  std::chrono::system_clock::time_point wall_now() const override;
  void when_wall_is_set(std::function<void()> call) override;
  void set_wall(std::chrono::system_clock::time_point to);

private:
  template <class What>
  struct order {
    occurrence which;
    What what;
  };
  struct lost_call {
    detail::ref<detail::thread_call> call;
    bool made;
  };
  template <class What>
  static std::optional<What> next(std::vector<order<What>>& orders, const detail::record& task);
  void make_and_lose(const detail::ref<detail::thread_call>& call);
  void lose(const detail::ref<detail::thread_call>& call, bool made);

  virtual_scheduler& scheduler_;
  const thread_calls how_;
  mutable std::mutex mutex_; // what follows
  std::mt19937_64 chance_;
  std::vector<order<when_lost>> threads_;
  std::vector<order<errc>> starts_;
  std::vector<lost_call> lost_;
  struct {
    detail::time_point since; // when it was set
    std::chrono::system_clock::time_point to;
    std::vector<std::function<void()>> heard_by;
  } wall_;
};

} // namespace taskactor::testing
