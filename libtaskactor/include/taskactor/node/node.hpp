/// `node`: this program among others, on this machine and elsewhere, that run each other's named tasks.
///
///     ta::task_manager tasks;
///     ta::node here{tasks, {.name = "a"}};
///     here.listen("127.0.0.1:4710");
///     here.join("127.0.0.1:4711");                                 // and again whenever it is lost
///     auto h = here.submit(ta::on_any(), resize, "a.png", 100).value();
///     h.get();                                                      // as of any task
///
/// Peers are the addresses that it is given, and who comes to it: there is no gossip. Only named tasks
/// (`registry.hpp`) travel, as data. A call is a task here, of this manager's, with its id, deadlines
/// and outcome: it holds no token while it is elsewhere. It has exactly one outcome, whatever becomes of the
/// other node: see `run_on_node.hpp` for errors and delivery. This node itself is none of those that a call
/// may be placed on: what is to run here is `add_task`'s.
///
/// Each node sends a sign of life every half second. One that nothing was heard of for two seconds is lost:
/// calls that it had are lost with it, and those that it had made here are cancelled.
/// `libtaskactor/PROTOCOL.md` has the protocol.
///
/// Errors: each says. Threads: any. Stops: `leave`, or its end. It must end before its manager does.
#pragma once

#include <taskactor/node/node_info.hpp>
#include <taskactor/node/node_options.hpp>
#include <taskactor/node/placement.hpp>
#include <taskactor/node/run_on_node.hpp>
#include <taskactor/task_manager.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

class node {
public:
  explicit node(task_manager& tasks, node_options options = {});
  /// Leaves, within `node_options::drain`.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// "127.0.0.1:4710", "[::1]:4710", ":4710" (all addresses), "unix:/run/a.socket". May be called several
  /// times. Returns the address, with the port that was chosen for port 0. Errors: `std::system_error`;
  /// `errc::invalid_argument` for what is no address, and for one that others can reach without certificates.
  std::string listen(const std::string& address);
  /// Connects, now and whenever there is no session, and returns at once. `expected_name`: in the
  /// certificate there; empty: the address's host. Errors: `errc::invalid_argument` for what is no address.
  void join(const std::string& address, const std::string& expected_name = {});
  /// Not any more. False: it wasn't joined.
  bool disconnect(const std::string& address);
  /// Blocks until so many others are up. False: they weren't in time.
  bool wait_for_peers(std::size_t count, time_span bound);
  /// Takes no more calls, gives back those that haven't begun, waits for the rest and for its own, and says
  /// goodbye. What isn't over by then is lost to who waits for it. True: all was over.
  bool leave(time_span bound);

  /// For a sink of the program's logger: what is logged by a call of another node's, or by what belongs to
  /// it, is sent there, and logged with the caller's id. False: the calling thread works for no such call.
  /// Units: `level` is spdlog's, from 0 (trace) to 5 (critical).
  bool relay_log(int level, std::string_view logger, std::string_view text) noexcept;

  const std::string& name() const noexcept;
  std::vector<node_peer> peers() const;
  node_statistics statistics() const;

  /// A call of a registered function, as a task here. Errors: as `task_manager::add_task`, and as
  /// `run_on_node` when it is called; what becomes of it later is its outcome.
  template <class F, class... Args>
    requires(!detail::task_name<F> && !std::same_as<std::decay_t<F>, placement>)
  auto submit(task_options options, placement where, F&& function, Args&&... arguments) {
    auto plan = detail::plan_node_call(std::forward<F>(function), std::forward<Args>(arguments)...);
    using result = typename decltype(plan)::result_type;
    return tasks_.add_task(std::move(options), &detail::call_typed_on_node<result>, host_, std::move(where),
                           plan.what, std::move(plan.arguments));
  }
  template <class F, class... Args>
    requires(!detail::task_name<F> && !std::same_as<std::decay_t<F>, placement>)
  auto submit(placement where, F&& function, Args&&... arguments) {
    return submit(task_options{}, std::move(where), std::forward<F>(function),
                  std::forward<Args>(arguments)...);
  }
  /// On each node that is up now: their names, and a handle for each, or why there is none.
  template <class F, class... Args>
  auto submit_all(const task_options& options, F&& function, const Args&... arguments) {
    using given = decltype(submit(options, on_any(), function, arguments...));
    std::vector<std::pair<std::string, given>> all;
    for (auto& each : peers())
      if (each.state == peer_state::up)
        all.emplace_back(each.name,
                         submit(of_node(options, each.name), on_node(each.name), function, arguments...));
    return all;
  }

  /// As `add_task` with a name: gives an `expected<handle<json>>`; `node/named_calls.hpp` is to be included.
  /// The task need not be registered here; then it isn't taken for idempotent.
  template <detail::task_name Name, class Arguments = typename detail::json_arguments<Name>::type>
  auto submit(task_options options, placement where, const Name& name,
              const Arguments& arguments = Arguments::array()) {
    return submit_named(*this, std::move(options), std::move(where), std::string_view{name}, arguments);
  }

  task_manager& manager() noexcept { return tasks_; }

private:
  static task_options of_node(task_options options, const std::string& name);
  friend std::shared_ptr<detail::node_host> detail::host_of(node& which) noexcept;
  task_manager& tasks_;
  const std::chrono::nanoseconds drain_;
  std::shared_ptr<detail::node_host> host_;
};

} // namespace taskactor
