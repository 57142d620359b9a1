#include "capacity/limiter_queue.hpp"
#include "command/signal_name.hpp"
#include "command/started_command_state.hpp"

#include <taskactor/error.hpp>
#include <taskactor/run_in_thread.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/started_command.hpp>
#include <taskactor/time_span.hpp>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace taskactor {

namespace detail {

/// Stays where it is when the object is moved: awaits refer to its streams.
class started_command_parts {
public:
  explicit started_command_parts(ref<started_command_state> of) : state(std::move(of)) {
    auto ends = state->take_pipes();
    input = descriptor{ends.input.release()};
    output = descriptor{ends.output.release()};
    errors = descriptor{ends.error.release()};
  }
  started_command_parts(const started_command_parts&) = delete;
  started_command_parts& operator=(const started_command_parts&) = delete;
  ~started_command_parts() { state->begin_end(); } // before its streams are closed

  const ref<started_command_state> state;
  descriptor input, output, errors;
  line_reader lines{output};
};

namespace {

void send(started_command_state& to, int number, signal_target target) {
  const auto subject = "'" + to.program() + "', process " + std::to_string(to.pid());
  if (number < 1 || number >= NSIG)
    throw error{errc::invalid_argument, "signal: " + std::to_string(number) + " is no signal's number"};
  const int refused = to.send(number, target);
  if (refused == 0)
    return;
  if (refused == ESRCH)
    throw error{errc::command_ended, "signal: " + subject + ", can't be sent " + signal_name(number)};
  if (refused == EPERM)
    throw error{errc::not_permitted, "signal: " + subject + ", runs as another user by now"};
  throw std::system_error{refused, std::generic_category(), "signal: " + subject};
}

task<command_result> await_end(ref<started_command_state> of) {
  command_end_await end{of};
  co_await end;
  co_return of->result();
}

task<command_result> stop_command(ref<started_command_state> of) {
  of->begin_end();
  co_return co_await shield(await_end(std::move(of)));
}

} // namespace

} // namespace detail

started_command::started_command(std::unique_ptr<detail::started_command_parts> parts) noexcept
    : parts_(std::move(parts)) {}
started_command::started_command(started_command&& other) noexcept = default;
started_command& started_command::operator=(started_command&& other) noexcept = default;
started_command::~started_command() = default;

detail::started_command_parts& started_command::parts() const {
  if (!parts_)
    throw error{errc::invalid_argument, "started_command: this one was moved from"};
  return *parts_;
}

int started_command::pid() const { return parts().state->pid(); }
void started_command::signal(int number) const {
  detail::send(*parts().state, number, detail::signal_target::process);
}
void started_command::signal_group(int number) const {
  detail::send(*parts().state, number, detail::signal_target::group);
}

descriptor& started_command::input() { return parts().input; }
descriptor& started_command::output() { return parts().output; }
descriptor& started_command::errors() { return parts().errors; }

task<void> started_command::write(std::string bytes) { return write_all(parts().input, std::move(bytes)); }
task<std::optional<std::string>> started_command::read_line() { return parts().lines.next(); }
task<std::string> started_command::read_some() { return parts().lines.read_some(); }

task<command_result> started_command::ended() const { return detail::await_end(parts().state); }
task<command_result> started_command::stop() const { return detail::stop_command(parts().state); }

task<started_command> start_command(command_line argv, command_options options) {
  using namespace detail;
  check_command(argv, options);
  context& ctx = require_context();
  const started_command_state::clocks clocks{
      .timeout = options.timeout.value_or(no_timeout),
      .grace = options.grace.value_or(ctx.home().with().cancel_grace),
  };
  if (clocks.timeout.count() == 0)
    throw error{errc::invalid_argument, "timeout: zero has expired before the command is started"};
  auto spec = specify_command(std::move(argv), std::move(options), start_mode::talk);
  if (auto asked = identity_of(spec.options))
    spec.identity = co_await run_in_thread(find_credentials, std::move(*asked));
  auto program = spec.argv.front();
  const ref<started_command_state> call{
      new started_command_state{ctx, std::move(program), std::move(spec), clocks}};
  if (ctx.must_stop())
    throw cancelled_error{};
  ctx.home().process_queue().enter(call);
  const auto how = co_await call_wait{call, true, time_point::max()};
  if (how == call_wait_end::cancelled) {
    if (call->withdraw())
      throw cancelled_error{};
    co_await shield(end_call(call, clocks.grace));
    if (call->exited())
      throw cancelled_command{call->take(false)};
    throw cancelled_error{};
  }
  if (!call->exited()) // it has failed, and hasn't run
    static_cast<void>(call->take(false));
  auto parts = std::make_unique<started_command_parts>(call);
  ctx.join_before_exit(call);
  call->begin_clock();
  co_return started_command{std::move(parts)};
}

} // namespace taskactor
