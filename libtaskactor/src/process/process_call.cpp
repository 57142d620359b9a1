#include "process_call.hpp"

#include "../link/frame.hpp"
#include "../run/runtime.hpp"
#include "../run/special.hpp"
#include "process_service.hpp"
#include "worker.hpp"
#include "worker_protocol.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

std::atomic<std::uint64_t> last_number{0};

} // namespace

process_call::process_call(context& owner, const portable& what, const std::string& arguments, bool captures)
    : child_call(owner),
      what_(what),
      number_(++last_number),
      captures_(captures),
      frame_(make_frame({said::call, number_, what.portable_name(),
                         nlohmann::json::binary({arguments.begin(), arguments.end()})})) {}

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
  do
    free = processes(*task().home).workers().find_free();
  while (!free->give(self));
  sent_to(free);
  free->send_ahead();
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

} // namespace taskactor::detail
