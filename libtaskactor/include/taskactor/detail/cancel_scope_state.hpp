/// What the copies of a `cancel_scope` share, and the part of a body that runs in it. Not for users.
///
///     fresh --begin--> running --end--> over       under its lock: any thread cancels it or moves its
///       \_ cancel, set_deadline _/                 deadline, up to the moment in which it is over
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/detail/reference_count.hpp>
#include <taskactor/scope.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class cancel_scope_run;
[[noreturn]] void refuse_empty_scope();

class cancel_scope_state final : public reference_count {
public:
  cancel_scope_state(time_point deadline, std::chrono::nanoseconds timeout, bool shields) noexcept
      : timeout_(timeout), shields_(shields), deadline_(deadline) {}
  cancel_scope_state(const cancel_scope_state&) = delete;
  cancel_scope_state& operator=(const cancel_scope_state&) = delete;
  void release() noexcept {
    if (drop_reference())
      delete this;
  }

  // -- any thread -----------------------------------------------------------
  void cancel() noexcept;
  /// False: it has expired, was cancelled, or is over. Errors: `std::bad_alloc`, and nothing has changed.
  bool set_deadline(time_point due);
  time_point deadline() const noexcept { return deadline_.load(std::memory_order_acquire); }
  bool cancel_called() const noexcept;
  bool caught() const noexcept { return caught_.load(std::memory_order_acquire); }
  bool shields() const noexcept { return shields_; }

private:
  friend cancel_scope_run;
  enum class stage : std::uint8_t { fresh, running, over };

  const std::chrono::nanoseconds timeout_;
  const bool shields_;
  std::atomic<time_point> deadline_; // written under the lock
  std::atomic<bool> caught_{false};
  mutable std::mutex mutex_; // what follows
  stage stage_ = stage::fresh;
  bool cancelled_ = false, expired_ = false; // the latter once it is over
  scope* run_ = nullptr;                     // while it runs
  ref<context> body_;
};

/// That part, as one of the body's scopes.
class cancel_scope_run : public body_scope {
protected:
  explicit cancel_scope_run(ref<cancel_scope_state> state) noexcept
      : body_scope(time_point::max(), state->shields()), state_(std::move(state)) {}
  /// Of one that isn't awaited yet.
  cancel_scope_run(cancel_scope_run&&) noexcept = default;
  ~cancel_scope_run() { end(); }

  /// Errors: `errc::invalid_argument`, when it has had a body already; `std::bad_alloc`.
  void begin(context& where);
  void end() noexcept;
  /// As `absorb`, behind the end.
  void absorb_own() {
    absorb({});
    state_->caught_.store(true, std::memory_order_release);
  }

private:
  time_point due() const noexcept final { return state_->deadline(); }
  bool may_move() const noexcept final { return true; }

  ref<cancel_scope_state> state_;
  bool begun_ = false;
};

} // namespace taskactor::detail
