#include "worker/worker.hpp"

#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "transport/frame.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_words.hpp"

#include <taskactor/remote_error.hpp>
#include <taskactor/task_library.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

command_spec worker_command(const std::weak_ptr<worker>& self, const settings& with) {
  command_spec spec;
  spec.argv = worker_words(with.worker_program, loaded_task_libraries());
  spec.options.env = std::vector<std::pair<std::string, std::string>>{
      {worker_variable, std::to_string(with.cancel_grace.count())}};
  spec.options.on_output = std::function<void(output_stream, std::string_view)>{
      [self](output_stream which, std::string_view bytes) {
        if (const auto alive = self.lock())
          alive->on_output(which, bytes);
      }};
  return spec;
}

} // namespace

void worker::start() {
  if (pool_->home().with().worker_program.empty() && ::access("/proc/self/exe", F_OK) != 0)
    throw std::system_error{make_error_code(errc::worker_not_started),
                            "without /proc this program can't be started once more: mount it, or name a "
                            "program as manager_options::worker_program"};
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::system_error{errno, std::generic_category(), "socketpair"};
  auto ours = unique_fd{ends[0]};
  auto theirs = own(ends[1], "socketpair");
  auto spec = worker_command(weak_from_this(), pool_->home().with());
  spec.input = std::move(theirs);
  spec.stays = true;
  link_ = pool_->links().open(ours.get(), shared_from_this());
  static_cast<void>(ours.release());
  key_ = pool_->commands().start(std::move(spec), shared_from_this());
}

bool worker::give(const ref<process_call>& call) {
  lock_type lock{mutex_};
  const bool dead = ended_ || closed_;
  if (dead && greeted_)
    return false;
  pipeline_.push_back({call});
  turn_since_ = clock::now();
  if (call->request().captures())
    output_.begin_capture();
  if (dead) { // it could not be started: that is the call's end
    pool_->commands().signal(key_, SIGKILL);
    end_if_over(std::move(lock));
    return true;
  }
  link_->send(greeted_ ? call->request().take_frame()
                       : call->request().frame()); // it may have to be sent to another one
  return true;
}

std::size_t worker::find(const process_call& call) const noexcept { return find(call.request().number()); }

/// As many as there are: none.
std::size_t worker::find(std::uint64_t number) const noexcept {
  const auto found = std::find_if(pipeline_.begin(), pipeline_.end(), [number](const slot& each) {
    return each.call->request().number() == number;
  });
  return static_cast<std::size_t>(found - pipeline_.begin());
}

void worker::stop(const process_call& call) {
  const std::lock_guard lock{mutex_};
  const auto index = find(call);
  if (index == pipeline_.size())
    return;
  link_->send(make_frame({worker_frame::stop, call.request().number()}));
  if (index == 0) // it may end by a signal, and what has begun by then with it
    ask_back_locked(pipeline_.size());
}

void worker::signal(const process_call& call, int number) {
  lock_type lock{mutex_};
  const auto index = find(call);
  if (index == pipeline_.size())
    return;
  if (index == 0) {
    pool_->commands().signal(key_, number);
    return;
  }
  forgotten_.insert(call.request().number());
  remove(std::move(lock), index, false, [](process_call& one) { one.end(call_outcome::cancelled()); });
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

std::string worker::name() const { return "worker-" + std::to_string(process_); }

void worker::emit(event_kind kind, std::string text) const noexcept {
  if (!pool_->home().events().wants(kind))
    return;
  event what{.kind = kind, .id = name(), .at = pool_->home().now()};
  what.ran = clock::now() - asked_for_;
  what.text = std::move(text);
  pool_->home().events().emit(what);
}

// -- what its process does --------------------------------------------------

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
  if (holding_) {
    closed_behind_ = broken;
    return;
  }
  closed_ = true;
  if (broken)
    violation_ = "it sent what is no frame";
  if (!ended_ && (broken || !pipeline_.empty()))
    pool_->commands().signal(key_, SIGKILL);
  end_if_over(std::move(lock));
}

void worker::end_if_over(lock_type lock) noexcept {
  if (!ended_ || !closed_)
    return;
  auto pipeline = std::exchange(pipeline_, {});
  ahead_ = 0;
  const bool lost = !pipeline.empty() || retired_.empty();
  const auto why = lost ? how_lost() : retired_;
  auto output = pipeline.empty() ? nullptr : take_output(*pipeline.front().call);
  auto fault = lost ? why_lost(why, std::move(output)) : nullptr;
  const auto how = !lost      ? worker_pool::end::retired
                   : greeted_ ? worker_pool::end::lost
                              : worker_pool::end::at_start;
  lock.unlock();
  if (pool_->gone(*this, how, why))
    emit(lost ? event_kind::worker_lost : event_kind::worker_ended, why);
  while (pipeline.size() > 1) {
    pipeline.back().call->given_back();
    pipeline.pop_back();
  }
  if (pipeline.empty() || (how == worker_pool::end::at_start && pool_->wait_again(pipeline.front().call)))
    return;
  pipeline.front().call->end(call_outcome::lost(
      std::move(fault), how == worker_pool::end::lost)); // the last of it goes with who reads it
}

std::string worker::how_lost() const {
  const auto how = !start_failure_.empty() ? start_failure_ : result_.describe();
  return (violation_.empty() ? how : violation_ + ", and was killed") + output_.last_words();
}

std::exception_ptr worker::why_lost(const std::string& how, std::shared_ptr<const call_output> output) const {
  if (!greeted_)
    return std::make_exception_ptr(std::system_error{make_error_code(errc::worker_not_started),
                                                     "the worker ended at its start: " + how});
  return std::make_exception_ptr(
      worker_lost{result_.exit_code, result_.term_signal,
                  "the worker (process " + std::to_string(result_.pid) + ") died under the call: " + how,
                  std::move(output)});
}

void worker::remove(lock_type lock, std::size_t index, bool answered,
                    std::function<void(process_call&)> how) {
  const auto call = std::move(pipeline_[index].call);
  pipeline_.erase(pipeline_.begin() + static_cast<std::ptrdiff_t>(index));
  ref<process_call> next;
  const bool over = pipeline_.empty();
  const auto now = clock::now();
  std::vector<std::string> last_lines;
  bool logged = false;
  if (index == 0) {
    last_lines = output_.finish();
    logged = std::exchange(logged_, false) || !last_lines.empty();
    if (answered)
      call->request().add_time(now - turn_since_);
    turn_since_ = now;
    if (!over) {
      next = pipeline_.front().call;
      pool_->home().process_queue().pass_on(*call, *next);
    }
  }
  ahead_ = over ? 0 : pipeline_.size() - 1;
  const bool more = index == 0 && pipeline_.size() <= ahead_limit / 2;
  lock.unlock();
  note(*call, last_lines);
  if (over) // first: the call's end gives its token to the next
    pool_->release(shared_from_this(), answered, call->request().spoils_worker());
  else if (answered)
    pool_->answered(*this, now);
  tell_end(call, std::move(how), logged);
  if (!over && more)
    fill_pipeline();
  if (next)
    next->repeat_signal();
}

/// What it has said is in the log before its caller goes on.
void worker::tell_end(ref<process_call> of, std::function<void(process_call&)> how, bool logged) const {
  if (logged)
    pool_->home().events().after_logged([of = std::move(of), how = std::move(how)] { how(*of); });
  else
    how(*of);
}

} // namespace taskactor::detail
