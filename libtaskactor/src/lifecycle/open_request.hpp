/// `open_request`: the request of a body to another actor whose reply it waits for. The last one counts: a
/// reply to a request that nobody waits for any more is dropped.
#pragma once

#include "base/adaptive_mutex.hpp"

#include <taskactor/actors/request.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class open_request {
public:
  open_request() = default;
  open_request(const open_request&) = delete;
  open_request& operator=(const open_request&) = delete;
  ~open_request() { delete state_.load(); }

  /// The body's: its reply goes to `into`. Returns its number.
  std::uint64_t open(ref<reply_slot> into) {
    auto* now = state_.load();
    if (!now) {
      now = new state;
      state_.store(now, std::memory_order_release);
    }
    const std::lock_guard lock{now->mutex};
    const auto id = ++now->id;
    now->reply = std::move(into);
    return id;
  }
  /// Threads: any. Where the reply to that request goes; null: nowhere.
  ref<reply_slot> close(std::uint64_t id) noexcept {
    auto* const now = state_.load(std::memory_order_acquire);
    if (!now)
      return {}; // a stranger's
    const std::lock_guard lock{now->mutex};
    return id == now->id ? std::exchange(now->reply, {}) : ref<reply_slot>{};
  }

private:
  struct state {
    adaptive_mutex mutex;
    std::uint64_t id = 0;
    ref<reply_slot> reply;
  };
  std::atomic<state*> state_{nullptr}; // made for the body that asks, which few do
};

} // namespace taskactor::detail
