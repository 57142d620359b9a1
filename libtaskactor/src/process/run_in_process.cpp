#include <taskactor/process/run_in_process.hpp>

#include "../run/runtime.hpp"
#include "../run/special.hpp"
#include "process_call.hpp"
#include "process_service.hpp"
#include "worker.hpp"
#include "worker_protocol.hpp"

#include <taskactor/task/scope.hpp>
#include <taskactor/task/sleep.hpp>
#include <taskactor/task/this_task.hpp>

#include "../link/frame.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace taskactor {

worker_lost::worker_lost(int exit_code, int term_signal, const std::string& text)
    : std::system_error(make_error_code(errc::worker_lost), text),
      exit_code_(exit_code),
      term_signal_(term_signal) {}

namespace detail {

namespace {

std::atomic<std::uint64_t> last_number{0};

} // namespace

process_call::process_call(context& owner, const portable& what, const std::string& arguments)
    : child_call(owner),
      what_(what),
      number_(++last_number),
      frame_(make_frame({said::call, number_, what.portable_name(),
                         nlohmann::json::binary({arguments.begin(), arguments.end()})})) {}

void process_call::on_token() noexcept {
  const ref<process_call> self{this}; // it may have ended when `give` returns
  try {
    start();
  } catch (...) {
    failed(std::current_exception());
  }
}

void process_call::start() {
  if (auto* const decides = task().home->decides())
    if (const auto why = decides->fails_start(task()))
      throw std::system_error{*why, "the test lets the start of a worker fail"};
  std::shared_ptr<worker> free;
  do
    free = processes(*task().home).workers().find_free();
  while (!free->give(ref<process_call>{this}));
  sent_to(free);
  free->send_ahead();
}

bool process_call::may_be_prefetched() const noexcept {
  return is_short() && !spoils_worker() && frame_.size() <= prefetch_limit
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
  task().home->process_gate().put_back(self);
  if (asked_.load(std::memory_order_seq_cst) != 0 && withdraw())
    owner().wake();
}

void process_call::repeat_signal() noexcept {
  if (const int number = asked_.load(std::memory_order_seq_cst))
    pass_on(number);
}

void process_call::signal(int number) noexcept {
  asked_.store(number, std::memory_order_seq_cst);
  if (withdraw())
    return;
  if (started_.load(std::memory_order_seq_cst))
    pass_on(number);
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
  finish();
}

void process_call::failed(std::exception_ptr why) noexcept {
  error_ = std::move(why);
  finish();
}

void process_call::cancelled() noexcept {
  cancelled_ = true;
  finish();
}

void process_call::lost(std::exception_ptr why, bool begun) noexcept {
  lost_ = true;
  begun_ = begun;
  failed(std::move(why));
}

std::string process_call::take(bool asked) {
  if (cancelled_ || revoked() || (lost_ && asked))
    throw cancelled_error{};
  if (error_)
    std::rethrow_exception(std::move(error_));
  return std::move(result_);
}

bool process_call::runs_again(std::size_t& kills) {
  if (!begun_ || !may_kill_again(++kills) || !what_.is_idempotent())
    return false;
  auto& home = *task().home;
  processes(home).workers().count_run_again();
  if (home.events().wants(event_kind::retrying))
    home.report(event_kind::retrying, task(), "its call is idempotent: " + describe(error_));
  return true;
}

/// False: its task has killed as many workers as it may.
bool process_call::may_kill_again(std::size_t kills) {
  const auto limit = task().home->with().worker_max_kills;
  if (auto* const special = task().special.get())
    kills = std::max(kills, ++special->worker_kills); // whose earlier calls and attempts count as well
  if (limit == 0 || kills < limit)
    return true;
  task().forbid_retry();
  return false;
}

task<std::string> call_in_process(const portable& what, std::string arguments) {
  context& ctx = require_context();
  for (std::size_t kills = 0;;) {
    const ref<process_call> call{new process_call{ctx, what, arguments}};
    if (ctx.must_stop())
      throw cancelled_error{};
    ctx.home().process_gate().enter(call);
    const auto how = co_await call_wait{call, false, time_point::max()};
    const bool asked = how != wait_end::arrived;
    if (asked)
      co_await shield(end_process_call(call, ctx.home().with().cancel_grace / 2));
    if (asked || !call->runs_again(kills))
      co_return call->take(asked);
  }
}

task<void> end_process_call(ref<process_call> call, std::chrono::nanoseconds half_grace) {
  call->ask();
  const auto how = co_await call_wait{call, false, after(this_task::now(), half_grace)};
  if (how != wait_end::arrived)
    co_await end_call(call, half_grace);
}

} // namespace detail
} // namespace taskactor
