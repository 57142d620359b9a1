#include "node/node_call.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/node/run_on_node.hpp>
#include <taskactor/sleep.hpp>
#include <taskactor/this_task.hpp>

#include <utility>

namespace taskactor {

node_lost::node_lost(const std::string& node, std::uint64_t fencing_token, const std::string& text)
    : error(errc::node_lost, text),
      node_(std::make_shared<const std::string>(node)),
      fencing_token_(fencing_token) {}

namespace detail {

namespace {

constexpr std::chrono::seconds clocks_differ{5}; // at most, in measuring a duration

errc code_of(refusal why) noexcept {
  switch (why) {
  case refusal::unknown_task:
    return errc::unknown_task;
  case refusal::bad_arguments:
    return errc::bad_arguments;
  case refusal::not_permitted:
    return errc::not_permitted;
  case refusal::queue_full:
    return errc::queue_full;
  case refusal::not_possible:
    break;
  }
  return errc::invalid_argument;
}

[[noreturn]] void fail(errc code, const call_answer& answer) {
  throw error{code, visible((answer.node.empty() ? "" : "node \"" + answer.node + "\": ") + answer.text)};
}

/// What the body gets. `asked`: it wanted the end, so that this is no fault.
std::string take(call_answer answer, bool asked) {
  using kind = call_answer::kind;
  if (answer.how == kind::result)
    return std::move(answer.text);
  if (asked && answer.how != kind::failed && answer.how != kind::refused)
    throw cancelled_error{};
  switch (answer.how) {
  case kind::failed:
    throw remote_error{visible(answer.text)};
  case kind::refused:
    fail(code_of(answer.why), answer);
  case kind::cancelled:
    fail(errc::task_cancelled, answer);
  case kind::timed_out:
    fail(errc::task_timed_out, answer);
  case kind::no_node:
    fail(errc::no_node, answer);
  default:
    throw node_lost{answer.node, answer.fencing_token, visible(answer.text)};
  }
}

} // namespace

void node_call::progressed(std::uint64_t done, std::uint64_t total, std::string text) noexcept {
  try {
    if (!arrived())
      task_->report_progress(done, total, std::move(text));
  } catch (const std::exception&) { // no memory: there will be another one
  }
}

task<std::string> call_on_node(std::shared_ptr<node_host> host, placement where, std::string name,
                               std::string arguments, bool idempotent) {
  context& ctx = require_context();
  if (ctx.must_stop())
    throw cancelled_error{};
  const auto call = std::make_shared<node_call>(ctx);
  call_request request{.name = std::move(name),
                       .arguments = std::move(arguments),
                       .id = cut_text(call->task_id(), node_name_limit),
                       .where = std::move(where),
                       .idempotent = idempotent,
                       .sink = call};
  const auto number = host->submit(std::move(request), this_task::remaining());
  const bool asked = co_await node_call_wait{host, call, number};
  auto answer = call->take();
  if (!asked && answer.how == call_answer::kind::timed_out && answer.whose == time_limit::remaining)
    co_await sleep_for(
        clocks_differ); // its clock was ahead of this one, which decides, and ends the wait (rule 8)
  auto result = take(std::move(answer), asked);
  co_return result;
}

} // namespace detail
} // namespace taskactor
