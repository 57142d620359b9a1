#include "worker/call_pipeline.hpp"

#include "capacity/limiter_queue.hpp"
#include "transport/frame.hpp"
#include "worker/output_barrier.hpp"
#include "worker/worker_process.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t ahead_limit = 15;

/// What the call has printed; null: it isn't captured.
std::shared_ptr<const call_output> take_captured(process_call& call, worker_output& output) {
  return call.request().captures() ? call.outcome().printed(output.end_capture()) : nullptr;
}

} // namespace

// -- calls come -------------------------------------------------------------

bool call_pipeline::greet() {
  const std::lock_guard lock{mutex_};
  turn_since_ = clock::now();
  if (greeted())
    return false;
  phase_ = phase_ == phase::starting ? phase::open : phase::closed;
  if (!slots_.empty())
    static_cast<void>(
        slots_.front().call->request().take_frame()); // it takes the call: that isn't sent again
  return true;
}

bool call_pipeline::close() noexcept {
  const std::lock_guard lock{mutex_};
  phase_ = greeted() ? phase::closed : phase::dead_at_start;
  return !slots_.empty();
}

call_pipeline::given call_pipeline::give(const ref<process_call>& call) {
  const std::lock_guard lock{mutex_};
  if (phase_ == phase::closed)
    return given::refused;
  slots_.push_back({call});
  turn_since_ = clock::now();
  auto& request = call->request();
  if (request.captures())
    output_.begin_capture();
  if (phase_ == phase::dead_at_start)
    return given::dead;
  process_.send(phase_ == phase::open ? request.take_frame()
                                      : request.frame()); // it may have to be sent to another one
  return given::sent;
}

std::size_t call_pipeline::make_room() {
  const std::lock_guard lock{mutex_};
  const bool busy_with_short
      = phase_ == phase::open && !slots_.empty() && slots_.front().call->request().may_be_followed()
        && !waits_for_nested(*slots_.front().call) && clock::now() - turn_since_ < short_call_limit;
  slots_.reserve(ahead_limit + 1);
  return busy_with_short ? ahead_limit - std::min(ahead_limit, slots_.size() - 1) : 0;
}

bool call_pipeline::append(const std::vector<ref<limited_call>>& calls) {
  std::string frames;
  for (const auto& each : calls)
    frames += static_cast<process_call&>(*each).request().frame();
  const std::lock_guard lock{mutex_};
  if (phase_ != phase::open || slots_.empty()) // it has died, or is another's now
    return false;
  if (waits_for_nested(*slots_.front().call)) // and has no token any more
    return false;
  slots_.reserve(slots_.size() + calls.size());
  process_.send(std::move(frames));
  for (const auto& each : calls)
    slots_.push_back({ref<process_call>{&static_cast<process_call&>(*each)}});
  ahead_ = slots_.size() - 1;
  return true;
}

// -- what is asked of them --------------------------------------------------

void call_pipeline::ask_back(std::size_t count) {
  const std::lock_guard lock{mutex_};
  ask_back_locked(count);
}

void call_pipeline::ask_back_if_late(clock::time_point now) noexcept {
  const std::lock_guard lock{mutex_};
  if (now - turn_since_ >= short_call_limit)
    ask_back_locked(slots_.size());
}

/// From the last on: each that comes back goes to the head of the line.
void call_pipeline::ask_back_locked(std::size_t count) {
  for (auto i = slots_.size(); i > 1 && count > 0; --i)
    if (!std::exchange(slots_[i - 1].asked_back, true)) {
      process_.send(make_frame({worker_frame::give_back, slots_[i - 1].call->request().number()}));
      --count;
    }
}

void call_pipeline::stop(const process_call& call) {
  const std::lock_guard lock{mutex_};
  const auto index = find(call.request().number());
  if (index == slots_.size())
    return;
  process_.send(make_frame({worker_frame::stop, call.request().number()}));
  if (index == 0) // it may end by a signal, and what has begun by then with it
    ask_back_locked(slots_.size());
}

std::optional<removed_call> call_pipeline::signal(const process_call& call, int number) {
  const std::lock_guard lock{mutex_};
  const auto index = find(call.request().number());
  if (index == slots_.size())
    return {};
  if (index == 0) {
    process_.signal(number);
    return {};
  }
  forgotten_.insert(call.request().number());
  return remove(index, false);
}

// -- calls leave ------------------------------------------------------------

call_pipeline::removal call_pipeline::remove_answered(worker_frame kind, std::uint64_t number,
                                                      output_barrier& barrier) {
  const std::lock_guard lock{mutex_};
  if (forgotten_.erase(number) != 0)
    return {frame_verdict::taken, {}};
  const auto index = find(number);
  const bool in_turn = kind == worker_frame::cancelled || kind == worker_frame::returned || index == 0;
  if (!greeted() || index == slots_.size() || !in_turn)
    return {frame_verdict::broken, {}};
  if (kind == worker_frame::returned && !slots_[index].asked_back)
    return {frame_verdict::broken, {}};
  if (index != 0)
    return {frame_verdict::taken, remove(index, kind != worker_frame::returned)};
  auto& call = *slots_.front().call;
  if (has_open_calls(call)) // whose answers its body awaits
    return {frame_verdict::broken, {}};
  if (barrier.must_drain(number, call.request().captures()))
    return {frame_verdict::later, {}};
  auto output = take_captured(call, output_);
  removal result{frame_verdict::taken, remove(0, kind != worker_frame::returned)};
  result.call->output = std::move(output);
  return result;
}

removed_call call_pipeline::remove(std::size_t index, bool answered) {
  removed_call gone;
  gone.call = std::move(slots_[index].call);
  gone.at = clock::now();
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(index));
  gone.over = slots_.empty();
  if (index == 0) {
    gone.last_lines = output_.finish();
    gone.logged = output_.take_logged();
    if (answered)
      gone.call->request().add_time(gone.at - turn_since_);
    turn_since_ = gone.at;
    if (!gone.over) {
      gone.next = slots_.front().call;
      queue_.pass_on(*gone.call, *gone.next);
    }
    gone.leaves_room = !gone.over && slots_.size() <= ahead_limit / 2;
  }
  ahead_ = gone.over ? 0 : slots_.size() - 1;
  return gone;
}

call_pipeline::rest call_pipeline::flush() {
  const std::lock_guard lock{mutex_};
  rest left{.calls = {}, .output = nullptr, .last_words = output_.last_words(), .greeted = greeted()};
  left.calls.reserve(slots_.size());
  for (auto& each : slots_)
    left.calls.push_back(std::move(each.call));
  slots_.clear();
  ahead_ = 0;
  if (!left.calls.empty())
    left.output = take_captured(*left.calls.front(), output_);
  return left;
}

// -- who runs, and what it says ---------------------------------------------

/// As many as there are: none.
std::size_t call_pipeline::find(std::uint64_t number) const noexcept {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [number](const slot& each) {
    return each.call->request().number() == number;
  });
  return static_cast<std::size_t>(found - slots_.begin());
}

ref<process_call> call_pipeline::running() const {
  const std::lock_guard lock{mutex_};
  return slots_.empty() ? ref<process_call>{} : slots_.front().call;
}

ref<process_call> call_pipeline::running(std::uint64_t number) const {
  const std::lock_guard lock{mutex_};
  if (!greeted() || slots_.empty() || slots_.front().call->request().number() != number)
    return {};
  return slots_.front().call;
}

ref<process_call> call_pipeline::logged(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  output_.set_logged();
  const auto index = find(number);
  return index == slots_.size() ? ref<process_call>{} : slots_[index].call;
}

call_pipeline::printed call_pipeline::print(output_stream which, std::string_view bytes) {
  const std::lock_guard lock{mutex_};
  auto lines = output_.take(which, bytes);
  return {slots_.empty() ? ref<process_call>{} : slots_.front().call, std::move(lines)};
}

} // namespace taskactor::detail
