#include "../run/runtime.hpp"
#include "child_call.hpp"
#include "process_service.hpp"

#include <taskactor/process/run_command.hpp>
#include <taskactor/run/ticket.hpp>
#include <taskactor/task/scope.hpp>
#include <taskactor/task/this_task.hpp>
#include <taskactor/task/time_span.hpp>

#include <csignal>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

/// One command on its way: queues for a token, then runs. Keeps its token until the process is reaped (rule
/// 8).
class command_call final : public child_call {
public:
  command_call(context& owner, command_spec spec) : child_call(owner), spec_(std::move(spec)) {}

  void on_token() noexcept override;
  void signal(int number) noexcept override {
    asked_.store(number, std::memory_order_seq_cst);
    if (started_.load(std::memory_order_seq_cst))
      processes(*task().home).commands().signal(key_, number);
  }

  // -- on the server's thread
  // ----------------------------------------------------------------------------------------
  void failed(std::exception_ptr why, bool abandoned = false) noexcept {
    error_ = std::move(why);
    abandoned_ = abandoned;
    finish();
  }
  void exited(command_result result) noexcept {
    result_ = std::move(result);
    finish();
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
  command_spec spec_;
  std::uint64_t key_ = 0;
  std::atomic<int> asked_{0};
  bool abandoned_ = false;
  std::exception_ptr error_;
  command_result result_;
};

class call_listener final : public command_listener {
public:
  explicit call_listener(ref<command_call> call) : call_(std::move(call)) {}
  void on_started(pid_t) noexcept override {}
  void on_start_failed(errc code, std::string message) noexcept override {
    call_->failed(std::make_exception_ptr(std::system_error{make_error_code(code), message}),
                  code == errc::stopping);
  }
  void on_exit(command_result result) noexcept override { call_->exited(std::move(result)); }

private:
  ref<command_call> call_;
};

void command_call::on_token() noexcept {
  auto& whom = owner();
  try {
    if (auto* const decides = task().home->decides())
      if (const auto why = decides->fails_start(task()))
        throw std::system_error{*why,
                                "cannot run '" + spec_.argv.front() + "': the test lets its start fail"};
    key_ = processes(*task().home)
               .commands()
               .start(std::move(spec_), std::make_shared<call_listener>(ref<command_call>{this}));
    started_.store(true, std::memory_order_seq_cst);
    if (const int number = asked_.load(std::memory_order_seq_cst))
      processes(*task().home).commands().signal(key_, number);
    if (current_context() != &whom) // else it looks itself, before it waits
      whom.wake();
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
  ctx.home().process_gate().enter(call);
  auto how = co_await call_wait{call, true, time_point::max()};
  if (how == wait_end::cancelled && call->withdraw())
    throw cancelled_error{};
  if (how == wait_end::arrived)
    how = co_await call_wait{call, false, after(this_task::now(), timeout)};
  if (how != wait_end::arrived)
    co_await shield(end_call(call, grace));
  if (how == wait_end::cancelled) {
    if (call->exited())
      throw cancelled_command{call->take(false)};
    throw cancelled_error{};
  }
  const bool time_up = how == wait_end::time_up;
  auto result = call->take(time_up);
  result.timed_out = time_up;
  co_return result;
}

} // namespace taskactor
