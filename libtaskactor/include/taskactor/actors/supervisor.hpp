/// `supervisor`: long-lived actors and tasks that are started in order, restarted by policy, and stopped in
/// reverse order.
///
///     #include <taskactor/actors/supervisor.hpp>     // taskactor.hpp doesn't: it has CAF's headers in it
///     ta::supervisor services{tasks, {.strategy = ta::restart_strategy::rest_for_one}, {
///       ta::child_actor({.name = "cache"}, [](ta::service_start s) { return s.system().spawn(cache); }),
///       ta::child_task({.name = "poller"}, poll, url),
///     }};
///     services.wait_started();
///     auto cache = services.whereis("cache");          // a name, which survives restarts
///     std::cout << to_text(services.tree());
///
/// Children are started one after the other, each when the one before is ready. A child that doesn't start
/// ends the supervisor. Later a child that ends is started again as its `restart` policy says, and takes
/// those along that `strategy` says, after its `backoff`. With more restarts than `limit` allows the
/// supervisor gives up: it stops its children and ends, which is a failure to the supervisor that it is a
/// child of.
///
/// Stopping is for each child: ask (an exit message of reason `user_shutdown`; a task is cancelled), wait for
/// `stop_within`, kill. What a kill doesn't end within a second (a thread that doesn't come back) is left
/// behind and reported. A task ends no later than its manager's `cancel_grace` after the request.
///
/// It follows what Erlang/OTP documents of supervisors, but for this: independent children (one_for_one)
/// restart beside each other, and not one after the other; a supervisor that has given up has failed, also to
/// a transient policy; there are back-offs, deadlines of starts, and no children that are added later.
///
/// Threads: any; the blocking calls throw `errc::would_block` inside a coroutine body, and have asked nobody
/// then. Stops: an exit message to `actor()` is a request to stop; one of reason `kill` kills all below it at
/// once. A task manager that is shut down stops its supervisors first; its report names what doesn't end.
#pragma once

#include <taskactor/actors/child.hpp>
#include <taskactor/actors/service.hpp>
#include <taskactor/actors/service_info.hpp>
#include <taskactor/actors/service_request.hpp>
#include <taskactor/fwd.hpp>

#include <caf/fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor {

namespace detail {
class supervisor_root;
} // namespace detail

class supervisor {
public:
  /// Starts its children, and doesn't wait for that. Lives in the manager's actor system; the manager must
  /// outlive it. Errors: `std::system_error{errc::invalid_argument}` names the option at fault.
  supervisor(task_manager& tasks, supervisor_options options, std::vector<child_spec> children);
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;
  /// As `stop`, for no longer than the `stop_within` of all children together (30 s for one without a limit):
  /// then it kills them. Inside a coroutine body, and on a thread of the scheduler (as a member of an actor),
  /// it asks them to stop, and doesn't wait; its manager does.
  ~supervisor();

  /// Blocks until all children have been running once. Errors: `std::system_error`:
  /// `errc::supervisor_gave_up` with the child that didn't start, `errc::stopping` when it was stopped first.
  void wait_started();
  /// Stops all children, the last that was started first, and blocks until they have ended.
  void stop();
  /// Blocks until the supervisor has ended by itself or was stopped. Returns why it has given up; empty when
  /// it was stopped.
  std::string wait_end();

  /// Errors: `std::system_error{errc::unknown_service}`. The path of what is below a nested supervisor begins
  /// with that one's name: "shop/cache".
  service whereis(std::string_view path, when_down how = when_down::wait) const;
  /// Restarts one child by hand, or ends its back-off; counts as no failure, and takes no siblings along.
  /// False: its supervisor doesn't run. Errors: as `whereis`.
  bool restart(std::string_view path);

  service_info tree() const;
  supervisor_statistics statistics() const;

  /// For exit messages and monitors.
  caf::actor actor() const;

private:
  std::shared_ptr<detail::supervisor_root> root_;
};

} // namespace taskactor
