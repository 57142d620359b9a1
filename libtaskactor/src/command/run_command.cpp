#include <taskactor/run_command.hpp>

#include "capacity/limiter_queue.hpp"
#include "command/command_call.hpp"
#include "command/held_command.hpp"

#include <taskactor/run_in_thread.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/this_task.hpp>
#include <taskactor/time_span.hpp>

#include <utility>

namespace taskactor {

task<command_result> run_command(command_line argv, command_options options) {
  return detail::run_held_command(std::move(argv), std::move(options), nullptr);
}

namespace detail {

task<command_result> run_held_command(command_line argv, command_options options,
                                      std::shared_ptr<kept_descriptors> kept) {
  check_command(argv, options);
  context& ctx = require_context();
  const auto timeout = options.timeout.value_or(no_timeout);
  if (timeout.count() == 0) { // zero has expired: it isn't started
    command_result late;
    late.timed_out = true;
    co_return late;
  }
  const auto grace = options.grace.value_or(ctx.home().with().cancel_grace);
  auto spec = specify_command(std::move(argv), std::move(options), start_mode::run);
  if (kept && !kept->for_attempts)
    kept->copies.clear(); // the command's alone, from its start on
  if (auto asked = identity_of(spec.options))
    spec.identity = co_await run_in_thread(find_credentials, std::move(*asked));
  const ref<command_call> call{new command_call{ctx, std::move(spec)}};
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

} // namespace detail

} // namespace taskactor
