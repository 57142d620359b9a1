/// `co_await run_on_node(node, where, f, args...)`: a registered function, on another node.
///
///     auto size = co_await ta::run_on_node(node, ta::on_label("gpu"), render, scene);
///
/// There it is a task, under that node's manager; here it is a part of the body that awaits it, which runs
/// without a token meanwhile. What is left of the body's time goes with it, and so does a
/// cancellation; its progress is reported as that of the caller. So `gather` over several nodes is `gather`:
///
///     auto all = tasks.gather({.concurrency = 64}, [&](scene s) -> ta::task<int> {
///       co_return co_await ta::run_on_node(node, ta::on_any(), render, s); }, scenes);
///
/// Errors: `node_lost`, when the node is lost under a call that may have begun: it is run at most once. A
/// function that is registered as `named_options::idempotent` is run again on another node, with a higher
/// `this_task::fencing_token()`, up to three times. `remote_error` for what the body throws;
/// `std::system_error` with `errc::no_node`, `unknown_task`, `bad_arguments`, `not_permitted`, `queue_full`,
/// `task_timed_out` (by that node's own limit) or `task_cancelled` (by somebody there); `std::length_error`
/// for arguments that don't fit into a frame. Stops: the body there is cancelled as any task; the await goes
/// on until it has ended, or its node is lost. Threads: what a value is made of (its `from_json`) may run on
/// any, one that serves connections included, and must not block.
#pragma once

#include <taskactor/detail/remote_callable.hpp>
#include <taskactor/detail/runs_on_any_thread.hpp>
#include <taskactor/error.hpp>
#include <taskactor/node/placement.hpp>
#include <taskactor/run_in_process.hpp>
#include <taskactor/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

namespace taskactor {

class node;

/// The node that had a call is lost: `errc::node_lost`.
class node_lost : public error {
public:
  node_lost(const std::string& node, std::uint64_t fencing_token, const std::string& text);
  /// Its name.
  const std::string& node() const noexcept { return *node_; }
  /// How often the call had been sent.
  std::uint64_t fencing_token() const noexcept { return fencing_token_; }

private:
  std::shared_ptr<const std::string> node_; // an exception's copy must not throw
  std::uint64_t fencing_token_;
};

namespace detail {

class node_host;
std::shared_ptr<node_host> host_of(node& which) noexcept;

/// There and back: encoded arguments, encoded result.
task<std::string> call_on_node(std::shared_ptr<node_host> host, placement where, std::string name,
                               std::string arguments, bool idempotent);

template <class R>
task<R> call_typed_on_node(std::shared_ptr<node_host> host, placement where, const remote_callable* what,
                           std::string arguments) {
  const auto bytes = co_await call_on_node(std::move(host), std::move(where), what->remote_name(),
                                           std::move(arguments), what->is_idempotent());
  if constexpr (std::is_void_v<R>) {
    what->decode_result(bytes, nullptr);
  } else {
    std::optional<R> result;
    what->decode_result(bytes, &result);
    co_return std::move(*result);
  }
}

/// All that isn't the library's own in it is to decode a result, on a thread that has nothing else to do.
template <class R>
inline constexpr bool runs_on_any_thread<task<R> (*)(std::shared_ptr<node_host>, placement,
                                                     const remote_callable*, std::string)>
    = true;

/// What `begin_in_process` makes of a function and its arguments: kept until it is known where to.
template <class R>
struct node_call_plan {
  using result_type = R;
  const remote_callable* what;
  std::string arguments;
};
struct plan_call {
  template <class R>
  static node_call_plan<R> begin(const remote_callable* what, std::string arguments) {
    return {what, std::move(arguments)};
  }
};
template <class F, class... Args>
auto plan_node_call(F&& function, Args&&... arguments) {
  if constexpr (check_process_call<F, Args...>())
    return begin_in_process<plan_call>(function, std::forward<Args>(arguments)...);
  else
    return node_call_plan<void>{};
}

} // namespace detail

/// Errors: `errc::unknown_task` (this program has to have the function registered, too) and what an argument
/// can't be encoded for are thrown at once.
template <class F, class... Args>
[[nodiscard]] auto run_on_node(node& which, placement where, F&& function, Args&&... arguments) {
  if constexpr (detail::check_process_call<F, Args...>()) {
    auto plan = detail::plan_node_call(std::forward<F>(function), std::forward<Args>(arguments)...);
    using result = typename decltype(plan)::result_type;
    return detail::call_typed_on_node<result>(detail::host_of(which), std::move(where), plan.what,
                                              std::move(plan.arguments));
  } else {
    return detail::refused_await{};
  }
}

} // namespace taskactor
