#include "worker.hpp"

#include "../link/frame.hpp"
#include "../run/runtime.hpp"
#include "worker_pool.hpp"
#include "worker_words.hpp"

#include <taskactor/process/run_in_process.hpp>
#include <taskactor/task/task_library.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

std::exception_ptr why_refused(errc code, const std::string& text) {
  const char* const advice = code == errc::unknown_task
                                 ? " (a worker has the tasks that its own program registers, or loads)"
                                 : "";
  return std::make_exception_ptr(
      std::system_error{make_error_code(code), "refused by the worker: " + text + advice});
}

command_spec worker_command(const std::vector<std::string>& program, const std::weak_ptr<worker>& self) {
  command_spec spec;
  spec.argv = worker_words(program, loaded_task_libraries());
  spec.options.env = std::vector<std::pair<std::string, std::string>>{{worker_variable, "1"}};
  spec.options.on_line = std::function<void(stream, std::string_view)>{[self](stream, std::string_view line) {
    if (const auto alive = self.lock())
      alive->on_line(line);
  }};
  return spec;
}

} // namespace

void worker::start() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::system_error{errno, std::generic_category(), "socketpair"};
  auto ours = descriptor{ends[0]};
  auto theirs = own(ends[1], "socketpair");
  auto spec = worker_command(pool_->home().with().worker_program, weak_from_this());
  spec.input = std::move(theirs);
  link_ = pool_->links().open(ours.get(), shared_from_this());
  static_cast<void>(ours.release());
  key_ = pool_->commands().start(std::move(spec), shared_from_this());
}

bool worker::give(const ref<process_call>& call) {
  lock_type lock{mutex_};
  const bool dead = ended_ || closed_;
  if (dead && greeted_)
    return false;
  train_.push_back({call});
  turn_since_ = clock::now();
  if (dead) { // it could not be started: that is the call's end
    pool_->commands().signal(key_, SIGKILL);
    end_if_over(std::move(lock));
    return true;
  }
  link_->send(call->take_frame());
  return true;
}

std::size_t worker::find(const process_call& call) const noexcept { return find(call.number()); }

/// As many as there are: none.
std::size_t worker::find(std::uint64_t number) const noexcept {
  const auto found = std::find_if(train_.begin(), train_.end(),
                                  [number](const seat& each) { return each.call->number() == number; });
  return static_cast<std::size_t>(found - train_.begin());
}

void worker::stop(const process_call& call) {
  const std::lock_guard lock{mutex_};
  const auto index = find(call);
  if (index == train_.size())
    return;
  link_->send(make_frame({said::stop, call.number()}));
  if (index == 0) // it may end by a signal, and what has begun by then with it
    ask_back_locked(train_.size());
}

void worker::signal(const process_call& call, int number) {
  lock_type lock{mutex_};
  const auto index = find(call);
  if (index == train_.size())
    return;
  if (index == 0) {
    pool_->commands().signal(key_, number);
    return;
  }
  forgotten_.insert(call.number());
  remove(std::move(lock), index, false, [](process_call& one) { one.cancelled(); });
}

void worker::retire(std::string why) {
  const std::lock_guard lock{mutex_};
  retired_ = std::move(why);
  link_->cut();
}

std::size_t worker::memory() const {
  const pid_t id = process_;
  std::size_t all = 0, resident = 0;
  if (id == 0 || reaped_ || !(std::ifstream{"/proc/" + std::to_string(id) + "/statm"} >> all >> resident))
    return 0;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void worker::emit(event_kind kind, std::string text) const noexcept {
  if (!pool_->home().events().wants(kind))
    return;
  event what{.kind = kind, .id = "worker-" + std::to_string(process_), .at = pool_->home().now()};
  what.ran = clock::now() - asked_for_;
  what.text = std::move(text);
  pool_->home().events().emit(what);
}

// -- what its process does
// ----------------------------------------------------------------------------------------------

void worker::on_start_failed(errc, std::string message) noexcept {
  lock_type lock{mutex_};
  start_failure_ = std::move(message);
  ended_ = true;
  link_->cut();
  end_if_over(std::move(lock));
}

void worker::on_exit(command_result result) noexcept {
  lock_type lock{mutex_};
  result_ = std::move(result);
  ended_ = true;
  reaped_ = true;
  link_->cut(); // what it has sent is read, though a process that it left behind may have the other end open
  end_if_over(std::move(lock));
}

void worker::on_closed(bool broken) noexcept {
  lock_type lock{mutex_};
  closed_ = true;
  if (broken)
    violation_ = "it sent what is no frame";
  if (!ended_ && (broken || !train_.empty()))
    pool_->commands().signal(key_, SIGKILL);
  end_if_over(std::move(lock));
}

void worker::end_if_over(lock_type lock) noexcept {
  if (!ended_ || !closed_)
    return;
  auto train = std::exchange(train_, {});
  ahead_ = 0;
  const bool lost = !train.empty() || retired_.empty();
  const auto why = lost ? how_lost() : retired_;
  auto fault = lost ? why_lost(why) : nullptr;
  const auto how = !lost      ? worker_pool::end::retired
                   : greeted_ ? worker_pool::end::lost
                              : worker_pool::end::at_start;
  lock.unlock();
  if (pool_->gone(*this, how, why))
    emit(lost ? event_kind::worker_lost : event_kind::worker_ended, why);
  while (train.size() > 1) {
    train.back().call->given_back();
    train.pop_back();
  }
  if (!train.empty())
    train.front().call->lost(std::move(fault)); // the last of it goes with who reads it
}

std::string worker::how_lost() const {
  std::string words;
  for (const auto& line : last_words_)
    words += (words.empty() ? "; its last words: " : " | ") + line;
  const auto how = !start_failure_.empty() ? start_failure_ : result_.describe();
  return (violation_.empty() ? how : violation_ + ", and was killed") + words;
}

std::exception_ptr worker::why_lost(const std::string& how) const {
  if (!greeted_)
    return std::make_exception_ptr(std::system_error{make_error_code(errc::worker_not_started),
                                                     "the worker ended at its start: " + how});
  return std::make_exception_ptr(
      worker_lost{result_.exit_code, result_.term_signal,
                  "the worker (process " + std::to_string(result_.pid) + ") died under the call: " + how});
}

// -- what it says
// -------------------------------------------------------------------------------------------------------

void worker::on_frame(std::string_view content) noexcept {
  try {
    const auto frame = read_frame(content);
    if (!frame || !handle(*frame))
      break_off("it sent a frame that means nothing");
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

bool worker::handle(const nlohmann::json& frame) {
  if (!frame.is_array() || frame.empty() || !frame[0].is_number_integer())
    return false;
  const auto kind = static_cast<said>(frame[0].get<int>());
  if (kind == said::hello) {
    {
      const std::lock_guard lock{mutex_};
      turn_since_ = clock::now();
      if (std::exchange(greeted_, true) || frame.at(1) != worker_protocol_version)
        return false;
    }
    emit(event_kind::worker_started, {});
    pool_->greeted();
    return true;
  }
  if (kind == said::progress) {
    report_progress(frame);
    return true;
  }
  return answer(kind, frame);
}

void worker::report_progress(const nlohmann::json& frame) {
  lock_type lock{mutex_};
  const auto call = train_.empty() ? ref<process_call>{} : train_.front().call;
  lock.unlock();
  if (call && frame.at(1) == call->number()) // else it came behind the call's own end
    call->report_progress(frame.at(2).get<std::uint64_t>(), frame.at(3).get<std::uint64_t>(),
                          frame.at(4).get<std::string>());
}

bool worker::answer(said kind, const nlohmann::json& frame) {
  std::string text;
  errc refusal{};
  if (kind == said::result) {
    const auto& bytes = frame.at(2).get_binary();
    text.assign(bytes.begin(), bytes.end());
    if (!is_shallow(text)) // to the frame it is a string: whoever decodes it would recurse
      return false;
  } else if (kind == said::failed) {
    text = frame.at(2).get<std::string>();
  } else if (kind == said::refused) {
    refusal = static_cast<errc>(frame.at(2).get<int>());
    text = frame.at(3).get<std::string>();
  } else if (kind != said::cancelled && kind != said::returned) {
    return false;
  }
  const auto number = frame.at(1).get<std::uint64_t>();
  lock_type lock{mutex_};
  if (forgotten_.erase(number) != 0)
    return true;
  const auto index = find(number);
  const bool in_turn = kind == said::cancelled || kind == said::returned || index == 0;
  if (!greeted_ || index == train_.size() || !in_turn)
    return false;
  if (kind == said::returned && !train_[index].asked_back)
    return false;
  remove(std::move(lock), index, kind != said::returned, [&](process_call& call) {
    if (kind == said::result)
      call.completed(std::move(text));
    else if (kind == said::failed)
      call.failed(std::make_exception_ptr(remote_error{text}));
    else if (kind == said::refused)
      call.failed(why_refused(refusal, text));
    else if (kind == said::cancelled)
      call.cancelled();
    else
      call.given_back();
  });
  return true;
}

void worker::remove(lock_type lock, std::size_t index, bool answered,
                    const std::function<void(process_call&)>& how) {
  const auto call = std::move(train_[index].call);
  train_.erase(train_.begin() + static_cast<std::ptrdiff_t>(index));
  ref<process_call> next;
  const bool over = train_.empty();
  const auto now = clock::now();
  if (index == 0) {
    if (answered)
      call->add_time(now - turn_since_);
    turn_since_ = now;
    if (!over) {
      next = train_.front().call;
      next->inherit_token(*call);
    }
  }
  ahead_ = over ? 0 : train_.size() - 1;
  const bool more = index == 0 && train_.size() <= ahead_limit / 2;
  lock.unlock();
  if (over) // first: the call's end gives its token to the next
    pool_->release(shared_from_this(), answered, call->spoils_worker());
  else if (answered)
    pool_->answered(*this, now);
  how(*call);
  if (!over && more)
    send_ahead();
  if (next)
    next->repeat_signal();
}

// -- what it prints
// -----------------------------------------------------------------------------------------------------

void worker::on_line(std::string_view line) noexcept {
  try {
    lock_type lock{mutex_};
    last_words_.emplace_back(line.substr(0, 200));
    if (last_words_.size() > last_words_limit)
      last_words_.pop_front();
    const auto who = train_.empty() ? "worker" : train_.front().call->task_id();
    lock.unlock();
    pool_->home().events().note(who + ": " + std::string{line});
  } catch (const std::exception&) { // no memory: a line is lost
  }
}

} // namespace taskactor::detail
