#include <taskactor/run_in_process.hpp>

#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "worker/parent_channel.hpp"
#include "worker/process_call.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_service.hpp"

#include <taskactor/scope.hpp>
#include <taskactor/this_task.hpp>
#include <taskactor/time_span.hpp>

#include <utility>

namespace taskactor {

namespace detail {

task<std::string> call_in_process(const remote_callable& what, std::string arguments, call_output* captured) {
  if (auto* const parent = parent_channel::here())
    co_return co_await parent->call(what, std::move(arguments), captured);
  context& ctx = require_context();
  for (std::size_t kills = 0;;) {
    const ref<process_call> call{
        new process_call{ctx, workers_of(ctx.home()), what, arguments, captured != nullptr}};
    if (ctx.must_stop())
      throw cancelled_error{};
    ctx.home().process_queue().enter(call);
    const auto how = co_await call_wait{call, false, time_point::max()};
    const bool asked = how != call_wait_end::arrived;
    if (asked)
      co_await shield(ask_and_end_call(call, ctx.home().with().cancel_grace / 2));
    if (!asked && call->runs_again(kills))
      continue;
    auto result = call->take(asked);
    if (captured)
      *captured = call->outcome().output();
    co_return result;
  }
}

} // namespace detail
} // namespace taskactor
