#include "lifecycle/manager_core.hpp"

#include <taskactor/detail/callback_core.hpp>
#include <taskactor/detail/promise.hpp>
#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>

#include <utility>

namespace taskactor::detail {

bool callback_core::close() noexcept {
  auto expected = phase::waiting;
  return phase_.compare_exchange_strong(expected, phase::closed, std::memory_order_acq_rel,
                                        std::memory_order_acquire)
         || expected == phase::closed;
}

void callback_core::rethrow() const {
  if (abandoned_)
    throw error{errc::abandoned, "the last resumer of a callback was destroyed, and none was called"};
  if (error_)
    std::rethrow_exception(error_);
}

/// The resumers own one reference together.
void callback_core::drop_resumer() noexcept {
  if (resumers_.fetch_sub(1, std::memory_order_acq_rel) != 1 || !claim())
    return;
  abandoned_ = true;
  conclude();
}

void callback_core::fail(std::exception_ptr why) noexcept {
  error_ = why ? std::move(why)
               : std::make_exception_ptr(
                   error{errc::invalid_argument, "resumed with an empty std::exception_ptr"});
}

/// On the body's own thread, from `start` or `cancel`, the body is there all the while.
void callback_core::conclude() noexcept {
  if (current_context() == &owner_) {
    phase_.store(phase::resumed, std::memory_order_release);
    owner_.wake();
    return;
  }
  auto& callers = owner_.home().callers; // the manager isn't taken apart under what follows
  callers.enter();
  const callers::visit inside{callers};
  const ref<context> body{&owner_};
  phase_.store(phase::resumed, std::memory_order_release);
  body->wake();
}

void callback_wait::open(ref<callback_core> core) noexcept {
  close();
  core_ = std::move(core);
  failed_ = nullptr;
  told_ = asked_ = gave_up_ = false;
}

bool callback_wait::park(context& ctx) noexcept {
  if (core_->ended())
    return ctx.goes_on();
  ctx.waiting = this;
  return true;
}

bool callback_wait::fails_at_once() noexcept {
  if (core_->close())
    return true;
  fails_at_end();
  return false;
}

void callback_wait::fails_at_end() noexcept { failed_ = std::current_exception(); }

void callback_wait::finish() const {
  if (failed_)
    std::rethrow_exception(failed_);
  if (!core_ || gave_up_ || (asked_ && !core_->has_value()))
    throw cancelled_error{};
  core_->rethrow();
}

void callback_wait::close() noexcept {
  if (core_)
    core_->close();
}

bool callback_wait::stop() noexcept {
  cancel_once();
  return abandonable_ && give_up();
}

ref<operation> callback_wait::kill() noexcept {
  if (ready())
    return {};
  cancel_once();
  if (abandonable_ && give_up())
    return {};
  return core_;
}

wait_reason callback_wait::reason() const {
  return {told_ ? "an operation that has been cancelled, to call back" : "an operation, to call back"};
}

void callback_wait::cancel_once() noexcept {
  if (std::exchange(told_, true) || ready())
    return;
  try {
    asked_ = true; // also if it throws: what comes then may well be its answer
    asked_ = call_cancel();
  } catch (...) {
    report_fault(std::current_exception());
  }
}

/// False: a resumer was faster, or is about to be.
bool callback_wait::give_up() noexcept { return gave_up_ = core_->close(); }

} // namespace taskactor::detail
