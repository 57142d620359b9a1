/// What a callback's body and its resumers share, and how the body waits. Not for users: see `callback`.
///
///     waiting --claimed by the first resumer--> claimed --its value is there--> resumed
///        \--the body gives up--> closed
///
/// The step from `waiting` is one atomic operation: so a value is either delivered, or refused to whoever
/// brings it. Between `claimed` and `resumed` the body can't end, nor can its manager: a resumer may rely on
/// both, and afterwards on neither.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/operation.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/outcome.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

class callback_core : public operation {
public:
  explicit callback_core(context& owner) noexcept : owner_(owner) {}

  // -- the body -------------------------------------------------------------
  bool ended() const noexcept final { return phase_.load(std::memory_order_acquire) >= phase::resumed; }
  /// Nobody waits any more. True: it hasn't been resumed, nor will be.
  bool close() noexcept;
  /// It was resumed, and not by the end of its last resumer.
  bool was_called() const noexcept {
    return phase_.load(std::memory_order_acquire) == phase::resumed && !abandoned_;
  }
  /// Once it has ended: it was resumed, with a value.
  bool has_value() const noexcept { return was_called() && !error_; }
  /// Throws what it was resumed with, unless that is a value. Errors: `errc::abandoned`.
  void rethrow() const;

  // -- resumers; threads: any -----------------------------------------------
  void add_resumer() noexcept { resumers_.fetch_add(1, std::memory_order_relaxed); }
  void drop_resumer() noexcept;
  /// True: the caller is the first, and tells it what there is: `set` or `fail`, then `conclude`.
  bool claim() noexcept {
    auto expected = phase::waiting;
    return phase_.compare_exchange_strong(expected, phase::claimed, std::memory_order_acq_rel,
                                          std::memory_order_acquire);
  }
  void fail(std::exception_ptr why) noexcept;
  void conclude() noexcept;

private:
  enum class phase : std::uint8_t { waiting, claimed, resumed, closed };

  context& owner_; // used between `claimed` and `resumed` alone: else it may be gone
  std::atomic<std::uint32_t> resumers_{0};
  std::atomic<phase> phase_{phase::waiting};
  bool abandoned_ = false; // written by who has claimed it
  std::exception_ptr error_;
};

template <class T>
class callback_state final : public callback_core {
public:
  using callback_core::callback_core;

  template <class... Args>
  void set(Args&&... value) noexcept {
    try {
      value_.emplace(std::forward<Args>(value)...);
    } catch (...) {
      fail(std::current_exception());
    }
  }
  T take() {
    if constexpr (!std::is_void_v<T>)
      return std::move(*value_);
  }

private:
  std::optional<stored<T>> value_;
};

/// Rule 8: a body that is to end, or is killed, waits until it is resumed, since what was begun may use its
/// frames. It keeps its token: it waits for the world.
class callback_wait : protected waiter {
protected:
  explicit callback_wait(bool abandonable) noexcept : abandonable_(abandonable) {}
  ~callback_wait() = default; // who derives from it closes it, before what was begun with goes

  /// Calls what the user has given to cancel it. False: there is nothing to call.
  virtual bool call_cancel() = 0;

  /// `core`: of an await that begins now.
  void open(ref<callback_core> core) noexcept;
  /// All has been begun. What an `await_suspend` returns.
  bool park(context& ctx) noexcept;
  /// Errors: what it was resumed with; `cancelled_error`.
  void finish() const;
  void close() noexcept;
  /// In a handler: `start` has thrown. True: that is thrown now; else by `finish`, when the resumer that was
  /// faster has done its work.
  bool fails_at_once() noexcept;
  /// In a handler: it is thrown when the operation has come to its end.
  void fails_at_end() noexcept;
  callback_core& core() const noexcept { return *core_; }
  bool abandonable() const noexcept { return abandonable_; }

private:
  bool ready() const noexcept final { return core_->ended(); }
  bool stop() noexcept final;
  ref<operation> kill() noexcept final;
  wait_reason reason() const final;
  void cancel_once() noexcept;
  bool give_up() noexcept;

  ref<callback_core> core_;
  std::exception_ptr failed_; // by `start`
  bool abandonable_;
  bool told_ = false;    // its cancellation was begun
  bool asked_ = false;   // by a call of `cancel`
  bool gave_up_ = false; // it was closed, and won't be resumed
};

} // namespace taskactor::detail
