// What a worker says and prints: see worker.hpp.
#include "base/memory.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "transport/frame.hpp"
#include "worker/worker.hpp"
#include "worker/worker_pool.hpp"

#include <taskactor/remote_error.hpp>

#include <csignal>
#include <utility>

namespace taskactor::detail {

namespace {

std::exception_ptr why_refused(errc code, const std::string& text) {
  const char* const advice = code == errc::unknown_task
                                 ? " (a worker has the tasks that its own program registers, or loads)"
                                 : "";
  return std::make_exception_ptr(
      std::system_error{make_error_code(code), "refused by the worker: " + text + advice});
}

} // namespace

// -- frames -----------------------------------------------------------------

void worker::on_frame(std::string_view content) noexcept {
  try {
    const std::lock_guard lock{mutex_};
    if (holding_) {
      held_.emplace_back(content);
      return;
    }
  } catch (const std::exception&) { // no memory
    break_off("it sent more than could be kept");
    return;
  }
  take_frame(content);
}

void worker::take_frame(std::string_view content) noexcept {
  try {
    const auto frame = read_frame(content);
    const auto what = frame ? handle(*frame) : verdict::broken;
    if (what == verdict::broken)
      break_off("it sent a frame that means nothing");
    else if (what == verdict::later)
      drain_output_first(content);
  } catch (const std::exception&) { // of another type than it should be, or there is no memory for it
    break_off("it sent a frame that can't be taken");
  }
}

void worker::break_off(const char* why) noexcept {
  const std::lock_guard lock{mutex_};
  if (violation_.empty())
    violation_ = why;
  pool_->commands().signal(key_, SIGKILL);
}

worker::verdict worker::handle(const nlohmann::json& frame) {
  const auto sound = [](bool is) { return is ? verdict::taken : verdict::broken; };
  if (!frame.is_array() || frame.empty() || !frame[0].is_number_integer())
    return verdict::broken;
  const auto kind = static_cast<worker_frame>(frame[0].get<int>());
  if (kind == worker_frame::hello)
    return sound(greet(frame));
  if (kind == worker_frame::log)
    return sound(relay(frame));
  if (kind == worker_frame::ask)
    return sound(begin_nested(frame));
  if (kind == worker_frame::signal)
    return sound(signal_nested(frame));
  if (kind == worker_frame::progress) {
    report_progress(frame);
    return verdict::taken;
  }
  if (kind == worker_frame::printed) {
    const std::lock_guard lock{mutex_};
    printed_ = frame.at(1).get<std::uint64_t>();
    return verdict::taken;
  }
  return answer(kind, frame);
}

bool worker::greet(const nlohmann::json& frame) {
  {
    const std::lock_guard lock{mutex_};
    turn_since_ = clock::now();
    if (std::exchange(greeted_, true) || frame.at(1) != worker_protocol_version)
      return false;
    if (!pipeline_.empty())
      static_cast<void>(
          pipeline_.front().call->request().take_frame()); // it takes the call: that isn't sent again
  }
  emit(event_kind::worker_started, {});
  pool_->greeted(*this);
  return true;
}

void worker::report_progress(const nlohmann::json& frame) {
  lock_type lock{mutex_};
  const auto call = pipeline_.empty() ? ref<process_call>{} : pipeline_.front().call;
  lock.unlock();
  if (call && frame.at(1) == call->request().number()) // else it came behind the call's own end
    call->task().report_progress(frame.at(2).get<std::uint64_t>(), frame.at(3).get<std::uint64_t>(),
                                 frame.at(4).get<std::string>());
}

bool worker::relay(const nlohmann::json& frame) {
  const auto number = frame.at(1).get<std::uint64_t>();
  const auto level = frame.at(2).get<int>();
  const auto logger = frame.at(3).get<std::string>();
  const auto text = frame.at(4).get<std::string>();
  lock_type lock{mutex_};
  logged_ = true;
  const auto index = find(number);
  const auto who = index == pipeline_.size() ? name() : pipeline_[index].call->task().current_id();
  lock.unlock();
  return pool_->home().events().relay(level, who + ": " + (logger.empty() ? "" : logger + ": ") + text);
}

bool worker::begin_nested(const nlohmann::json& frame) {
  const auto maker = frame.at(1).get<std::uint64_t>();
  const auto number = frame.at(2).get<std::uint64_t>();
  const auto name = frame.at(3).get<std::string>();
  const auto& bytes = frame.at(4).get_binary();
  const bool captures = frame.at(5).get<bool>();
  lock_type lock{mutex_};
  if (!greeted_ || pipeline_.empty() || pipeline_.front().call->request().number() != maker)
    return false;
  const auto call = pipeline_.front().call;
  ask_back_locked(pipeline_.size()); // it waits, and these aren't to wait for it
  lock.unlock();
  const bool sound = call->nested().begin(number, name, {bytes.begin(), bytes.end()}, captures);
  ask_back(ahead_limit); // what was sent ahead until its token was lent
  return sound;
}

bool worker::signal_nested(const nlohmann::json& frame) {
  const auto maker = frame.at(1).get<std::uint64_t>();
  const auto number = frame.at(2).get<std::uint64_t>();
  const auto signal = frame.at(3).get<int>();
  if (signal != asks && signal != SIGTERM && signal != SIGKILL)
    return false;
  lock_type lock{mutex_};
  if (!greeted_ || pipeline_.empty() || pipeline_.front().call->request().number() != maker)
    return false;
  const auto call = pipeline_.front().call;
  lock.unlock();
  call->nested().signal_one(number, signal);
  return true;
}

worker::verdict worker::answer(worker_frame kind, const nlohmann::json& frame) {
  std::string text;
  errc refusal{};
  if (kind == worker_frame::result) {
    const auto& bytes = frame.at(2).get_binary();
    text.assign(bytes.begin(), bytes.end());
    if (!is_shallow(text)) // to the frame it is a string: who copies its value recurses
      return verdict::broken;
  } else if (kind == worker_frame::failed) {
    text = frame.at(2).get<std::string>();
  } else if (kind == worker_frame::refused) {
    refusal = static_cast<errc>(frame.at(2).get<int>());
    text = frame.at(3).get<std::string>();
  } else if (kind != worker_frame::cancelled && kind != worker_frame::returned) {
    return verdict::broken;
  }
  const auto number = frame.at(1).get<std::uint64_t>();
  lock_type lock{mutex_};
  if (forgotten_.erase(number) != 0)
    return verdict::taken;
  const auto index = find(number);
  const bool in_turn = kind == worker_frame::cancelled || kind == worker_frame::returned || index == 0;
  if (!greeted_ || index == pipeline_.size() || !in_turn)
    return verdict::broken;
  if (kind == worker_frame::returned && !pipeline_[index].asked_back)
    return verdict::broken;
  if (index == 0 && has_open_calls(*pipeline_[index].call)) // whose answers its body awaits
    return verdict::broken;
  if (index == 0 && must_drain_output(number))
    return verdict::later;
  const auto output = index == 0 ? take_output(*pipeline_[index].call) : nullptr;
  remove(std::move(lock), index, kind != worker_frame::returned,
         [=, text = std::move(text)](process_call& call) mutable {
           if (kind == worker_frame::result)
             call.end(call_outcome::completed(std::move(text)));
           else if (kind == worker_frame::failed)
             call.end(call_outcome::failed(std::make_exception_ptr(remote_error{text, output})));
           else if (kind == worker_frame::refused)
             call.end(call_outcome::failed(why_refused(refusal, text)));
           else if (kind == worker_frame::cancelled)
             call.end(call_outcome::cancelled());
           else
             call.given_back();
         });
  return verdict::taken;
}

// -- output -----------------------------------------------------------------

/// What a call has printed is in the pipes by the time of its answer; but another thread reads them.
bool worker::must_drain_output(std::uint64_t number) {
  if (drained_ == number
      || (printed_ != number && !pipeline_.front().call->request().captures() && !reading_))
    return false;
  draining_ = number;
  holding_ = true;
  return true;
}

void worker::drain_output_first(std::string_view frame) {
  {
    const std::lock_guard lock{mutex_};
    held_.emplace_front(frame);
  }
  pool_->commands().after_output(key_, [self = shared_from_this()] { self->output_drained(); });
}

void worker::output_drained() noexcept {
  lock_type lock{mutex_};
  drained_ = draining_;
  reading_ = false;
  while (!held_.empty()) {
    const auto next = std::move(held_.front());
    held_.pop_front();
    lock.unlock();
    take_frame(next);
    lock.lock();
    if (drained_ != draining_) // there is more output to read: it goes on after that
      return;
  }
  holding_ = false;
  const auto closed = std::exchange(closed_behind_, {});
  lock.unlock();
  if (closed)
    on_closed(*closed);
}

void worker::on_output(output_stream which, std::string_view bytes) noexcept {
  try {
    lock_type lock{mutex_};
    const auto lines = output_.take(which, bytes);
    logged_ = logged_ || !lines.empty();
    const auto call = pipeline_.empty() ? ref<process_call>{} : pipeline_.front().call;
    reading_ = false;
    lock.unlock();
    if (call)
      call->request().add_time(
          longer_than_short); // then none is sent ahead, whose words could be taken for its own
    for (const auto& line : lines)
      pool_->home().events().note((call ? call->task().current_id() : name()) + ": " + line);
  } catch (const std::exception&) { // no memory: lines are lost
  }
}

void worker::note(const process_call& call, const std::vector<std::string>& lines) const noexcept {
  try {
    for (const auto& line : lines)
      pool_->home().events().note(call.task().current_id() + ": " + line);
  } catch (const std::exception&) { // the same
  }
}

/// Null: it isn't captured.
std::shared_ptr<const call_output> worker::take_output(process_call& call) {
  return call.request().captures() ? call.outcome().printed(output_.end_capture()) : nullptr;
}

} // namespace taskactor::detail
