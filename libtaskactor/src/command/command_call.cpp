#include "command/command_call.hpp"

#include "caf_adapter/compat.hpp"
#include "command/signal_name.hpp"
#include "events/hub.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_messages.hpp"

#include <taskactor/error.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <csignal>
#include <string>
#include <system_error>

namespace taskactor::detail {

namespace {

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

class call_listener final : public command_listener {
public:
  call_listener(ref<command_call> call, std::shared_ptr<command_pause> pause)
      : call_(std::move(call)), pause_(std::move(pause)) {}
  void on_talk(talk_ends ends) noexcept override { call_->talks(std::move(ends)); }
  void on_started(pid_t pid) noexcept override {
    pid_ = pid;
    if (pause_)
      pause_->add(paused_, pid);
    call_->runs(pid);
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

} // namespace

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

void check_command(const command_line& argv, const command_options& options) {
  if (argv.empty() || argv.front().empty())
    throw_rejection({errc::invalid_argument, "command: no program is named; give at least its name"});
  for (const auto& wrong :
       {check_duration("timeout", options.timeout), check_duration("grace", options.grace)})
    if (wrong)
      throw_rejection(*wrong);
}

command_spec specify_command(command_line argv, command_options options, start_mode mode) {
  command_spec result;
  result.held = hold_descriptors(options);
  result.argv = std::move(argv);
  result.options = std::move(options);
  result.mode = mode;
  return result;
}

} // namespace taskactor::detail
