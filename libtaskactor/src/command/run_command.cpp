#include "base/service_thread.hpp"
#include "caf_adapter/compat.hpp"
#include "capacity/limiter_queue.hpp"
#include "command/child_call.hpp"
#include "command/command_service.hpp"
#include "command/output_calls.hpp"
#include "command/signal_name.hpp"
#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "threads/disposal.hpp"

#include <taskactor/command_pause.hpp>
#include <taskactor/detail/limited_call.hpp>
#include <taskactor/error.hpp>
#include <taskactor/run_command.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/this_task.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <csignal>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

/// One command on its way: queues for a token, then runs. Keeps its token until the process is reaped (rule
/// 8).
class command_call final : public child_call, public output_calls {
public:
  command_call(context& owner, command_spec spec)
      : child_call(owner),
        output_calls(spec.options),
        pause_(content_of(spec.options.pause)),
        spec_(std::move(spec)) {}
  void retain() noexcept override { child_call::retain(); }
  void release() noexcept override { child_call::release(); }

  void on_token() noexcept override;
  void signal(int number) noexcept override {
    asked_.store(number, std::memory_order_seq_cst);
    if (started_.load(std::memory_order_seq_cst))
      commands_of(*task().home).server().signal(key_, number);
  }

  // -- on the server's thread -----------------------------------------------
  void failed(std::exception_ptr why, bool abandoned = false) noexcept {
    error_ = std::move(why);
    abandoned_ = abandoned;
    finish();
  }
  void exited(command_result result) noexcept {
    if (has_handler())
      end(std::move(result));
    else
      all_handed_out(std::move(result));
  }
  bool wants_more(std::uint64_t key) noexcept {
    read_key_.store(key, std::memory_order_relaxed); // before its lock is taken
    return !has_handler() || has_room();
  }
  bool stopped(std::uint64_t key, pid_t pid, int signal) noexcept;
  std::chrono::nanoseconds paused() const noexcept {
    return pause_ ? pause_->duration() : std::chrono::nanoseconds{};
  }
  /// It ran, and its result is there to be taken.
  bool exited() const noexcept { return !error_; }
  /// `time_up`: a start that was abandoned because of that is no error of the command's.
  command_result take(bool time_up) {
    if (error_ && !(time_up && abandoned_))
      std::rethrow_exception(error_);
    return std::move(result_);
  }

private:
  void go_on() noexcept override { commands_of(*task().home).server().read_on(read_key_.load()); }
  void all_handed_out(command_result result) noexcept override {
    result_ = std::move(result);
    finish();
  }
  bool submit_later() noexcept override;
  /// Its handlers are the user's.
  void destroy() noexcept override {
    if (service_thread::is_this() && has_handler())
      task().home->disposals().take(*this);
    else
      delete this;
  }

  const std::shared_ptr<command_pause> pause_; // null: nothing stops its clock
  command_spec spec_;
  std::uint64_t key_ = 0;
  std::atomic<std::uint64_t> read_key_{0};
  std::atomic<int> asked_{0};
  bool abandoned_ = false;
  std::exception_ptr error_;
  command_result result_;
};

/// Submits the handlers' work of a command once more, when it is told to.
class handler_retry final : public caf::event_based_actor {
public:
  handler_retry(caf::actor_config& config, ref<command_call> of)
      : event_based_actor(config), of_(std::move(of)) {}
  caf::behavior make_behavior() override {
    return {[this](const start_again&) {
      std::exchange(of_, {})->submit();
      quit();
    }};
  }

private:
  ref<command_call> of_;
};

bool command_call::submit_later() noexcept {
  try {
    auto& home = *task().home;
    const passing_through caller;
    const auto later = home.system().spawn<handler_retry, caf::hidden>(ref<command_call>{this});
    post_at(home.system().clock(), home.now() + retry_interval, caf::actor_cast<caf::strong_actor_ptr>(later),
            start_again{});
    return true;
  } catch (...) { // no memory
    return false;
  }
}

class call_listener final : public command_listener {
public:
  call_listener(ref<command_call> call, std::shared_ptr<command_pause> pause)
      : call_(std::move(call)), pause_(std::move(pause)) {}
  void on_started(pid_t pid) noexcept override {
    pid_ = pid;
    if (pause_)
      pause_->add(paused_, pid);
  }
  bool on_stopped(std::uint64_t key, int signal) noexcept override {
    return call_->stopped(key, pid_, signal);
  }
  void on_leaving() noexcept override {
    if (pause_)
      pause_->remove(paused_);
  }
  void on_start_failed(errc code, std::string message) noexcept override {
    call_->failed(std::make_exception_ptr(error{code, message}), code == errc::stopping);
  }
  bool has_room(std::uint64_t key) noexcept override { return call_->wants_more(key); }
  void on_exit(command_result result) noexcept override { call_->exited(std::move(result)); }

private:
  ref<command_call> call_;
  const std::shared_ptr<command_pause> pause_;
  paused_command paused_;
  pid_t pid_ = 0;
};

/// TTIN, say: it would wait for ever, and nobody knew for what.
bool command_call::stopped(std::uint64_t key, pid_t pid, int signal) noexcept {
  try {
    read_key_.store(key, std::memory_order_relaxed); // the same
    if (take_stop(signal))
      return false;
    task().home->events().warn(task().id + ": its command, process " + std::to_string(pid)
                               + ", has been stopped by " + signal_name(signal)
                               + (signal == SIGTTIN || signal == SIGTTOU ? ": it wants the terminal" : "")
                               + "; CONT lets it go on");
  } catch (...) { // no memory to say it
  }
  return true;
}

void command_call::on_token() noexcept {
  auto& whom = owner();
  try {
    if (auto* const decides = task().home->decides())
      if (const auto why = decides->fails_start(task()))
        throw std::system_error{*why,
                                "cannot run '" + spec_.argv.front() + "': the test lets its start fail"};
    if (has_handler())
      begin(commands_of(*task().home).handlers());
    auto listener = std::make_shared<call_listener>(ref<command_call>{this}, pause_);
    key_ = commands_of(*task().home).server().start(std::move(spec_), std::move(listener));
    started_.store(true, std::memory_order_seq_cst);
    if (const int number = asked_.load(std::memory_order_seq_cst))
      commands_of(*task().home).server().signal(key_, number);
    if (current_context() != &whom) // else it looks itself, before it waits
      whom.wake();
  } catch (const std::system_error& what) {
    const bool of_ours = what.code().category() == error_category();
    failed(of_ours ? std::current_exception()
                   : std::make_exception_ptr(error{errc::command_not_started,
                                                   std::string{"commands can't be served: "} + what.what()}));
  } catch (...) {
    failed(std::current_exception());
  }
}

void check(const command_line& argv, const command_options& options) {
  if (argv.empty() || argv.front().empty())
    throw_rejection({errc::invalid_argument, "command: no program is named; give at least its name"});
  for (const auto& wrong :
       {check_duration("timeout", options.timeout), check_duration("grace", options.grace)})
    if (wrong)
      throw_rejection(*wrong);
}

} // namespace
} // namespace detail

task<command_result> run_command(command_line argv, command_options options) {
  using namespace detail;
  check(argv, options);
  context& ctx = require_context();
  const auto timeout = options.timeout.value_or(no_timeout);
  if (timeout.count() == 0) { // zero has expired: it isn't started
    command_result late;
    late.timed_out = true;
    co_return late;
  }
  const auto grace = options.grace.value_or(ctx.home().with().cancel_grace);
  const ref<command_call> call{new command_call{ctx, {std::move(argv), std::move(options)}}};
  if (ctx.must_stop())
    throw cancelled_error{};
  ctx.home().process_queue().enter(call);
  auto how = co_await call_wait{call, true, time_point::max()};
  if (how == call_wait_end::cancelled && call->withdraw())
    throw cancelled_error{};
  if (how == call_wait_end::arrived) {
    const auto clock = start_clock(*call);
    do
      how = co_await call_wait{call, false, due(*call, clock, timeout)};
    while (how == call_wait_end::time_up && this_task::now() < due(*call, clock, timeout));
  }
  if (how != call_wait_end::arrived)
    co_await shield(end_call(call, grace));
  if (how == call_wait_end::cancelled) {
    if (call->exited())
      throw cancelled_command{call->take(false)};
    throw cancelled_error{};
  }
  const bool time_up = how == call_wait_end::time_up;
  auto result = call->take(time_up);
  result.timed_out = time_up;
  co_return result;
}

} // namespace taskactor
