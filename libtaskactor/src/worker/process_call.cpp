#include "worker/process_call.hpp"

#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_extras.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// False: its task has killed as many workers as it may.
bool may_kill_again(record& task, std::size_t kills) {
  const auto limit = task.home->with().workers.max_kills;
  if (auto* const extras = task.extras.get())
    kills = std::max(kills, ++extras->worker_kills); // whose earlier calls and attempts count as well
  if (limit == 0 || kills < limit)
    return true;
  task.forbid_retry();
  return false;
}

} // namespace

process_call::process_call(context& owner, worker_dispatcher& workers, const remote_callable& what,
                           const std::string& arguments, bool captures)
    : child_call(owner), workers_(workers), request_(what, arguments, task().fencing_token(), captures) {}

process_call::process_call(ref<process_call> maker, const remote_callable& what, const std::string& arguments,
                           bool captures)
    : child_call(maker->owner(), ref<record>{&maker->task()}),
      workers_(maker->workers_),
      maker_(std::move(maker)),
      request_(what, arguments, task().fencing_token(), captures) {}

process_call::~process_call() { delete nested_.load(); }

void process_call::on_token() noexcept {
  const ref<process_call> self{this}; // it may have ended when a worker has it
  try {
    if (auto* const decides = task().home->decides())
      if (const auto why = decides->fails_start(task()))
        throw std::system_error{*why, "the test lets the start of a worker fail"};
    workers_.dispatch(self);
  } catch (...) {
    end(call_outcome::failed(std::current_exception()));
  }
}

/// Else it is as if it had been asked later.
void process_call::end_if_asked() noexcept {
  if (control_.asked() != 0 && workers_.forget(*this))
    end(call_outcome::cancelled());
}

bool process_call::may_be_prefetched() const noexcept {
  return request_.may_be_prefetched() && !control_.was_asked();
}

void process_call::sent_to(std::shared_ptr<call_executor> whom) noexcept {
  control_.set_executor(std::move(whom));
  started_.store(true, std::memory_order_seq_cst);
  repeat_signal();
}

void process_call::given_back() noexcept {
  const ref<process_call> self{this};
  started_.store(false, std::memory_order_seq_cst);
  task().home->process_queue().put_back(self);
  if (control_.asked() != 0 && withdraw_and_tell())
    owner().wake();
}

void process_call::repeat_signal() noexcept {
  if (const int number = control_.asked())
    control_.pass_on(*this, number);
}

void process_call::signal(int number) noexcept {
  const ref<process_call> self{this};
  control_.ask(number);
  if (withdraw_and_tell())
    return;
  if (workers_.forget(*this))
    return end(call_outcome::cancelled());
  if (started_.load(std::memory_order_seq_cst))
    control_.pass_on(*this, number);
  if (auto* const nested = nested_.load(std::memory_order_acquire)) {
    if (number != asks) // when it is only asked to end, its body cancels them
      nested->signal(number);
    nested->end_is_due();
  }
}

// -- calls that its body has made -------------------------------------------

nested_calls& process_call::nested() {
  if (nested_.load(std::memory_order_acquire) == nullptr)
    nested_.store(new nested_calls{*this}, std::memory_order_release);
  return *nested_.load(std::memory_order_acquire);
}

void process_call::on_token_back() noexcept { nested_.load(std::memory_order_acquire)->token_is_back(); }

void process_call::end(call_outcome how) noexcept {
  outcome_.set(std::move(how));
  auto* const nested = nested_.load(std::memory_order_acquire);
  if (!nested || nested->close())
    end_now();
}

void process_call::end_now() noexcept {
  const ref<process_call> self{this};
  if (maker_)
    maker_->nested().answered(*this);
  finish();
  if (maker_)
    maker_->nested().gone(*this);
}

/// Its token never comes: that is its end.
bool process_call::withdraw_and_tell() noexcept {
  if (!withdraw())
    return false;
  if (maker_) {
    maker_->nested().answered(*this);
    maker_->nested().gone(*this);
  }
  return true;
}

std::string process_call::take(bool asked) {
  if (revoked() || outcome_.is_cancelled(asked)) {
    if (outcome_.is_captured())
      throw cancelled_call{outcome_.output()};
    throw cancelled_error{};
  }
  return outcome_.take();
}

bool process_call::runs_again(std::size_t& kills) {
  if (!outcome_.is_lost() || !may_kill_again(task(), ++kills) || !request_.what().is_idempotent())
    return false;
  auto& home = *task().home;
  workers_.count_run_again();
  if (home.events().wants(event_kind::retrying))
    detail::report(home, event_kind::retrying, task(),
                   "its call is idempotent: " + describe(outcome_.error()));
  return true;
}

} // namespace taskactor::detail
