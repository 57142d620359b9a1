#include "worker/process_call.hpp"

#include "base/cbor.hpp"
#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_extras.hpp"
#include "transport/frame.hpp"
#include "worker/worker.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_protocol.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

std::atomic<std::uint64_t> last_number{0};

std::string frame_of(std::uint64_t number, const remote_callable& what, const std::string& arguments,
                     std::uint64_t fencing_token) {
  cbor_writer frame{frame_prefix};
  frame.array(5);
  frame.number(static_cast<std::uint64_t>(worker_frame::call));
  frame.number(number);
  frame.text(what.remote_name());
  frame.bytes(arguments);
  frame.number(fencing_token);
  return finish_frame(frame.take());
}

} // namespace

process_call::process_call(context& owner, worker_pool& pool, const remote_callable& what,
                           const std::string& arguments, bool captures)
    : child_call(owner),
      pool_(pool),
      what_(what),
      number_(++last_number),
      captures_(captures),
      frame_(frame_of(number_, what, arguments, task().fencing_token())) {}

process_call::process_call(ref<process_call> maker, const remote_callable& what, const std::string& arguments,
                           bool captures)
    : child_call(maker->owner(), ref<record>{&maker->task()}),
      pool_(maker->pool_),
      maker_(std::move(maker)),
      what_(what),
      number_(++last_number),
      captures_(captures),
      frame_(frame_of(number_, what, arguments, task().fencing_token())) {}

process_call::~process_call() { delete nested_.load(); }

void process_call::on_token() noexcept {
  const ref<process_call> self{this}; // it may have ended when `give` returns
  try {
    start(self);
  } catch (...) {
    failed(std::current_exception());
  }
}

void process_call::start(const ref<process_call>& self) {
  if (auto* const decides = task().home->decides())
    if (const auto why = decides->fails_start(task()))
      throw std::system_error{*why, "the test lets the start of a worker fail"};
  std::shared_ptr<worker> free;
  do {
    free = pool_.find_free(self);
    if (!free)
      return; // it waits for one
  } while (!free->give(self));
  sent_to(free);
  free->fill_pipeline();
}

/// Else it is as if it had been asked later.
void process_call::end_if_asked() noexcept {
  if (asked() != 0 && pool_.forget(*this))
    cancelled();
}

bool process_call::may_be_prefetched() const noexcept {
  return is_short() && !spoils_worker() && !captures_ && frame_.size() <= prefetch_limit
         && asked_.load(std::memory_order_relaxed) == 0;
}

void process_call::sent_to(std::shared_ptr<worker> whom) noexcept {
  {
    const std::lock_guard lock{mutex_};
    worker_ = std::move(whom);
  }
  started_.store(true, std::memory_order_seq_cst);
  repeat_signal();
}

void process_call::given_back() noexcept {
  const ref<process_call> self{this};
  started_.store(false, std::memory_order_seq_cst);
  task().home->process_queue().put_back(self);
  if (asked_.load(std::memory_order_seq_cst) != 0 && withdraw_and_tell())
    owner().wake();
}

void process_call::repeat_signal() noexcept {
  if (const int number = asked_.load(std::memory_order_seq_cst))
    pass_on(number);
}

void process_call::signal(int number) noexcept {
  const ref<process_call> self{this};
  asked_.store(number, std::memory_order_seq_cst);
  if (withdraw_and_tell())
    return;
  if (pool_.forget(*this))
    return cancelled();
  if (started_.load(std::memory_order_seq_cst))
    pass_on(number);
  if (auto* const nested = nested_.load(std::memory_order_acquire)) {
    if (number != asks) // when it is only asked to end, its body cancels them
      nested->signal(number);
    nested->end_is_due();
  }
}

void process_call::pass_on(int number) noexcept {
  std::unique_lock lock{mutex_};
  const auto whom = worker_;
  lock.unlock();
  if (number == asks)
    whom->stop(*this);
  else
    whom->signal(*this, number);
}

void process_call::completed(std::string result) noexcept {
  result_ = std::move(result);
  end();
}

void process_call::failed(std::exception_ptr why) noexcept {
  error_ = std::move(why);
  end();
}

void process_call::cancelled() noexcept {
  cancelled_ = true;
  end();
}

void process_call::lost(std::exception_ptr why, bool begun) noexcept {
  lost_ = true;
  begun_ = begun;
  failed(std::move(why));
}

// -- calls that its body has made -------------------------------------------

nested_calls& process_call::nested() {
  if (nested_.load(std::memory_order_acquire) == nullptr)
    nested_.store(new nested_calls{*this}, std::memory_order_release);
  return *nested_.load(std::memory_order_acquire);
}

bool process_call::waits_for_nested() const noexcept {
  const auto* const nested = nested_.load(std::memory_order_acquire);
  return nested && nested->waited_for();
}

bool process_call::has_open_calls() const noexcept {
  const auto* const nested = nested_.load(std::memory_order_acquire);
  return nested && nested->are_open();
}

void process_call::on_token_back() noexcept { nested_.load(std::memory_order_acquire)->token_is_back(); }

void process_call::tell_body(std::string frame) noexcept {
  std::unique_lock lock{mutex_};
  const auto whom = worker_;
  lock.unlock();
  whom->tell(std::move(frame));
}

void process_call::end() noexcept {
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

ref<process_call> process_call::again(const std::string& arguments) const {
  return ref<process_call>{new process_call{maker_, what_, arguments, captures_}};
}

std::string process_call::take(bool asked) {
  if (cancelled_ || revoked() || (lost_ && asked)) {
    if (output_)
      throw cancelled_call{*output_};
    throw cancelled_error{};
  }
  if (error_)
    std::rethrow_exception(std::move(error_));
  return std::move(result_);
}

bool process_call::runs_again(std::size_t& kills) {
  if (!begun_ || !may_kill_again(++kills) || !what_.is_idempotent())
    return false;
  auto& home = *task().home;
  pool_.count_run_again();
  if (home.events().wants(event_kind::retrying))
    detail::report(home, event_kind::retrying, task(), "its call is idempotent: " + describe(error_));
  return true;
}

/// False: its task has killed as many workers as it may.
bool process_call::may_kill_again(std::size_t kills) {
  const auto limit = task().home->with().worker_max_kills;
  if (auto* const extras = task().extras.get())
    kills = std::max(kills, ++extras->worker_kills); // whose earlier calls and attempts count as well
  if (limit == 0 || kills < limit)
    return true;
  task().forbid_retry();
  return false;
}

} // namespace taskactor::detail
