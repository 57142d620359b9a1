#include "worker/nested_calls.hpp"

#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "transport/frame.hpp"
#include "worker/process_call.hpp"
#include "worker/worker_protocol.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/remote_error.hpp>

#include <algorithm>
#include <csignal>
#include <utility>

namespace taskactor::detail {

namespace {

std::string reply_frame(std::uint64_t number, worker_frame how, const std::string& text, int code = 0,
                        int signal = 0, const call_output& output = {}) {
  return make_frame({worker_frame::reply, number, how, nlohmann::json::binary({text.begin(), text.end()}),
                     code, signal, output.out, output.err, output.truncated});
}

/// The outcome of a call that has one. Errors: `std::length_error` beyond the limit of a frame.
std::string reply_of(std::uint64_t number, process_call& call) {
  try {
    const auto result = call.take(call.control().asked() != 0);
    return reply_frame(number, worker_frame::result, result, 0, 0, call.outcome().output());
  } catch (const cancelled_error&) {
    return reply_frame(number, worker_frame::cancelled, {}, 0, 0, call.outcome().output());
  } catch (const worker_lost& lost) {
    return reply_frame(number, worker_frame::lost, message_of(lost), lost.exit_code(), lost.term_signal(),
                       lost.output());
  } catch (const remote_error& thrown) {
    return reply_frame(number, worker_frame::failed, thrown.what(), 0, 0, thrown.output());
  } catch (const std::system_error& error) {
    if (error.code().category() == make_error_code(errc::worker_lost).category())
      return reply_frame(number, worker_frame::refused, message_of(error), error.code().value());
    return reply_frame(number, worker_frame::failed, describe(std::current_exception()));
  } catch (...) {
    return reply_frame(number, worker_frame::failed, describe(std::current_exception()));
  }
}

} // namespace

bool nested_calls::begin(std::uint64_t number, const std::string& name, const std::string& arguments,
                         bool captures) {
  const auto found = registry::global().look_up(name);
  if (!found) {
    maker_.control().tell(reply_frame(number, worker_frame::refused, found.error().message,
                                      static_cast<int>(found.error().code)));
    return true;
  }
  const ref<process_call> call{new process_call{ref<process_call>{&maker_}, **found, arguments, captures}};
  bool lends = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_)
      return true;
    if (entries_.size() == most)
      return false;
    entries_.push_back({number, call, (*found)->is_idempotent() ? arguments : std::string{}});
    ++unanswered_;
    lends = token_ == token::here;
    if (lends)
      token_ = token::lent;
  }
  if (lends)
    maker_.task().home->process_queue().lend_back(maker_);
  enter(call);
  return true;
}

void nested_calls::enter(const ref<process_call>& call) {
  maker_.task().home->process_queue().enter(call);
  if (const int number = maker_.control().asked(); number != 0 && number != asks)
    call->signal(number);
}

std::vector<ref<process_call>> nested_calls::open() const {
  const std::lock_guard lock{mutex_};
  std::vector<ref<process_call>> calls;
  calls.reserve(entries_.size());
  for (const auto& each : entries_)
    if (!each.answered)
      calls.push_back(each.call);
  return calls;
}

void nested_calls::signal_one(std::uint64_t number, int signal) noexcept {
  ref<process_call> call;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& each : entries_)
      if (each.number == number && !each.answered)
        call = each.call;
  }
  if (call)
    call->signal(signal);
  end_is_due(); // its reply may be held back, also since just now
}

void nested_calls::signal(int number) noexcept {
  for (const auto& each : open())
    each->signal(number);
}

bool nested_calls::waited_for() const noexcept {
  const std::lock_guard lock{mutex_};
  return token_ != token::here;
}

bool nested_calls::are_open() const noexcept {
  const std::lock_guard lock{mutex_};
  return unanswered_ != 0 || !held_replies_.empty();
}

void nested_calls::answered(process_call& which) noexcept {
  try {
    if (which.control().asked() == 0 && begin_again(which))
      return;
    std::unique_lock lock{mutex_};
    auto& found = find(which);
    found.answered = true;
    --unanswered_;
    if (closed_)
      return;
    const auto number = found.number;
    lock.unlock();
    reply(reply_of(number, which), which);
  } catch (const std::exception&) { // no memory, or beyond a frame: its body would wait for ever
    maker_.signal(SIGKILL);
  }
}

/// Its worker has died, and it may be run again: in another one.
bool nested_calls::begin_again(process_call& which) {
  std::unique_lock lock{mutex_};
  auto& old = find(which);
  if (closed_ || which.control().asked() != 0 || !which.runs_again(old.kills))
    return false;
  auto next = old;
  const auto& request = which.request();
  next.call = ref<process_call>{
      new process_call{ref<process_call>{&maker_}, request.what(), old.arguments, request.captures()}};
  old.answered = true;
  entries_.push_back(next);
  lock.unlock();
  enter(next.call);
  return true;
}

nested_calls::entry& nested_calls::find(const process_call& which) noexcept {
  return *std::find_if(entries_.begin(), entries_.end(),
                       [&](const entry& each) { return each.call.get() == &which; });
}

/// The last one waits for a token; unless an end is due, which isn't kept waiting.
void nested_calls::reply(std::string frame, process_call& of) noexcept {
  std::unique_lock lock{mutex_};
  const bool lacks_token = unanswered_ == 0 && token_ != token::here;
  const bool asks_for_token = lacks_token && token_ == token::lent;
  const bool waits = lacks_token && of.control().asked() == 0 && maker_.control().asked() == 0;
  if (asks_for_token)
    token_ = token::on_its_way;
  if (waits) {
    held_replies_.push_back(std::move(frame));
    lock.unlock();
  } else {
    lock.unlock();
    maker_.control().tell(std::move(frame));
  }
  if (asks_for_token)
    maker_.task().home->process_queue().want_back(ref<process_call>{&maker_});
}

void nested_calls::end_is_due() noexcept {
  std::unique_lock lock{mutex_};
  const auto replies = std::exchange(held_replies_, {});
  lock.unlock();
  for (const auto& each : replies)
    maker_.control().tell(each);
}

void nested_calls::token_is_back() noexcept {
  std::unique_lock lock{mutex_};
  const auto replies = std::exchange(held_replies_, {});
  const bool lends = unanswered_ != 0 && !closed_; // its body has made further calls meanwhile
  token_ = lends ? token::lent : token::here;
  lock.unlock();
  for (const auto& each : replies)
    maker_.control().tell(each);
  if (lends)
    maker_.task().home->process_queue().lend_back(maker_);
}

bool nested_calls::close() noexcept {
  const ref<process_call> maker{&maker_};
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    if (entries_.empty())
      return true;
  }
  signal(SIGKILL);
  return false;
}

void nested_calls::gone(const process_call& which) noexcept {
  const ref<process_call> maker{&maker_};
  std::unique_lock lock{mutex_};
  std::erase_if(entries_, [&](const entry& each) { return each.call.get() == &which; });
  const bool last = closed_ && entries_.empty();
  lock.unlock();
  if (last)
    maker_.end_now();
}

} // namespace taskactor::detail
