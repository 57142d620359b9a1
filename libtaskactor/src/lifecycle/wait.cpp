#include "base/semaphore.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/run_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/wait.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/time_span.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

class blocking_wait final : end_listener {
public:
  blocking_wait() noexcept
      : end_listener([](end_listener& self) noexcept { static_cast<blocking_wait&>(self).on_end(); }) {}
  /// True: it has ended.
  bool run(record& which, std::chrono::nanoseconds limit) {
    if (!which.enter_home())
      return true;
    const callers::visit inside{which.home->callers};
    if (!which.add(*this))
      return true;
    const auto until = limit == no_timeout ? time_point::max() : after(which.home->now(), limit);
    try {
      if (which.home->waits().block(ended_, until))
        return true; // it isn't on the list any more, whose lock who tells it may still have
    } catch (...) {
      which.remove(*this);
      throw;
    }
    which.remove(*this);
    return is_final(which.state.load(std::memory_order_acquire)); // perhaps known before it was told
  }

private:
  void on_end() noexcept { ended_.post(); } // and this may be gone

  semaphore ended_;
};

bool has_ended(const record& which) noexcept { return is_final(which.state.load(std::memory_order_acquire)); }

} // namespace

void wait(record& which) {
  if (!has_ended(which))
    blocking_wait{}.run(which, no_timeout);
}

bool wait_for(record& which, std::chrono::nanoseconds limit) {
  return has_ended(which) || blocking_wait{}.run(which, limit);
}

cancel_reply cancel(record& which) {
  if (!which.enter_home())
    return cancel_reply::finished;
  const callers::visit inside{which.home->callers};
  return detail::cancel(*which.home, which, end_reason::cancel_requested);
}

void refuse_empty_handle() {
  throw_rejection(
      {errc::invalid_argument,
       "the handle is empty: it was moved from, its value has been taken, or it never had a task"});
}

void refuse_taken(const record& which) {
  throw_rejection({errc::result_taken, "the result of \"" + which.current_id()
                                           + "\" has been moved out by another handle, or can't be copied"
                                             " while others refer to it"});
}

const std::string& no_id() noexcept {
  static const std::string none;
  return none;
}

void lending_wait::lend(context& ctx) {
  ctx_ = &ctx;
  ctx.waiting = this;
  const run_queue::tail_call_hint ending; // the body parks now
  ctx.lend_token_back();
}

bool lending_wait::ready() const noexcept {
  if (!arrived())
    return false;
  if (is_all())
    ctx_->do_without_token();
  return true;
}

bool lending_wait::stop() noexcept {
  gave_up_ = gave_up_ || give_up();
  return gave_up_;
}

std::string end_wait::awaited() const { return "the end of task \"" + record_.current_id() + '"'; }

end_wait::~end_wait() {
  if (listening_)
    record_.remove(*this);
}

bool end_wait::begin(context& ctx) {
  owner_ = &ctx;
  if (ctx.must_stop() && (has_ended(record_) || !is_why())) {
    stopped_ = true;
    return ctx.refusal().value_or(false);
  }
  listening_ = record_.add(*this);
  if (!listening_)
    return ctx.goes_on();
  lend(ctx);
  return true;
}

void end_wait::on_end() noexcept {
  ended_.store(true, std::memory_order_release);
  owner_->wake();
}

/// A child of this body, for whose failure its group is being ended. Its end is published already, or in a
/// moment, and its exception says more than that the body is cancelled.
bool end_wait::is_why() const noexcept {
  if ((record_.control.load(std::memory_order_acquire) & record::failed_group_bit) == 0)
    return false;
  const auto parent = owner_->core().current_id();
  return parent.size() == record_.parent_length && record_.id.compare(0, parent.size(), parent) == 0;
}

/// A handle that is awaited as a temporary may be its record's last owner, and gives it up behind this.
void end_wait::finish() {
  if (std::exchange(listening_, false))
    record_.remove(*this);
  if ((stopped_ || gave_up()) && !(has_ended(record_) && is_why()))
    throw cancelled_error{};
}

} // namespace taskactor::detail
