/// `task_manager`: the front door. It admits tasks, runs each as an actor of its own under its capacity, ends
/// them by their deadlines and on request, and knows what became of each.
///
///     ta::task_manager tasks;                       // owns an actor system; or tasks{system}, in yours
///     auto h = tasks.add_task({.id = "front", .timeout = 5s}, fetch, url).value();
///     tasks.cancel_task("front");
///     auto all = tasks.gather({.concurrency = 16, .each = {.timeout = 2s}}, fetch, urls);
///
/// Threads: every member may be called from any thread. The blocking ones (`gather`, `cancel_and_wait`,
/// `shutdown`, `wait_for_shutdown`, the destructor) throw `errc::would_block` inside a coroutine body, before
/// they have done anything: `co_await` is the way there.
///
/// In an actor system of the user's: `task_manager::configure(config)` before the system is made gives it the
/// scheduler that a manager's own system has. Without it prefer CAF's policy "sharing": the default,
/// "stealing", takes time proportional to the run queue for each steal. Let the manager end before the system
/// does: else a line in its log says so, and what it runs is left behind.
#pragma once

#include <taskactor/capture_output.hpp>
#include <taskactor/detail/admit.hpp>
#include <taskactor/event.hpp>
#include <taskactor/explanation.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/gather.hpp>
#include <taskactor/handle.hpp>
#include <taskactor/manager_options.hpp>
#include <taskactor/run_command.hpp>
#include <taskactor/run_in_process.hpp>
#include <taskactor/run_in_thread.hpp>

#include <caf/fwd.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor {

class task_manager : detail::without_options {
public:
  /// Owns an actor system. Errors: `std::system_error{errc::invalid_argument}` names the option or variable
  /// at fault.
  explicit task_manager(manager_options options = {});
  /// Lives in the user's system, which must outlive the manager.
  explicit task_manager(caf::actor_system& system, manager_options options = {});
  /// Sets the scheduler of a system that is going to be made: one queue for all workers, where a sleeping
  /// worker is woken only if no other is on its way. A policy that is chosen in words is left alone.
  static void configure(caf::actor_system_config& config);
  /// `shutdown()` with the default bounds. What still runs then (a thread that never returns) is left behind
  /// with the actor system it needs, and logged. On a thread of a scheduler (as a member of an actor) or of a
  /// manager it doesn't wait: that goes on elsewhere, and a user's system waits for it.
  ~task_manager();

  /// Admits a task, or says at once why not: `duplicate_id` (checked first), `queue_full`, `stopping`,
  /// `invalid_argument`. The body is a coroutine function giving `task<T>`, run on the task's actor; or any
  /// callable, run on a thread of the scheduler, which it must not block (that is what `run_in_thread` is
  /// for).
  template <class F, class... Args>
    requires(!detail::task_name<F>)
  expected<handle<detail::body_result<F, Args...>>> add_task(task_options options, F&& body, Args&&... args) {
    if constexpr (detail::check_body<F, Args...>()) {
      if (detail::runs_elsewhere(options))
        return add_elsewhere(std::move(options), std::forward<F>(body), std::forward<Args>(args)...);
      return detail::make_and_admit(*core_, std::move(options), std::forward<F>(body),
                                    std::forward<Args>(args)...);
    }
    return rejection{}; // isn't reached
  }
  using without_options::add_task;

  /// A registered task by its name: `add_task({}, "img.resize", {"a.png", 100})`, the arguments as JSON.
  /// Gives an `expected<handle<json>>`, as `add_named`, whose header `named_tasks.hpp` is to be included.
  template <detail::task_name Name, class Arguments = typename detail::json_arguments<Name>::type>
  auto add_task(task_options options, const Name& name, const Arguments& arguments = Arguments::array()) {
    return add_named(*this, std::move(options), std::string_view{name}, arguments);
  }

  /// A task that is one blocking call on a thread: takes a global token, then one of the thread limiter.
  template <class F, class... Args>
  auto run_in_thread(task_options options, F&& function, Args&&... args) {
    if constexpr (detail::check_thread_call<false, F, Args...>())
      return detail::make_and_admit(*core_, std::move(options),
                                    detail::thread_body<std::decay_t<F>, std::decay_t<Args>...>,
                                    std::forward<F>(function), std::forward<Args>(args)...);
    else
      return detail::no_task{rejection{}};
  }

  /// A task that is one external command: takes a global token, then one of the process limiter.
  expected<handle<command_result>> run_command(task_options options, command_line argv,
                                               command_options how = {});

  /// A task that is one call of a registered function in a child process: takes a global token, then one of
  /// the process limiter. See `taskactor::run_in_process`; what can't be called is an error in the outcome.
  template <class F, class... Args>
  auto run_in_process(task_options options, F&& function, Args&&... args) {
    using plain = std::decay_t<F>;
    auto body
        = [](plain f, std::decay_t<Args>... as) { return taskactor::run_in_process(f, std::move(as)...); };
    return detail::make_and_admit(*core_, std::move(options), body, std::forward<F>(function),
                                  std::forward<Args>(args)...);
  }

  /// Starts workers ahead of their first calls: as many as there are then at least `count`, and at most as
  /// the process limiter has tokens. Returns how many. Errors: `std::system_error`, as `run_in_process`.
  std::size_t prestart_workers(std::size_t count);

  /// Runs `body` for each item, at most `options.concurrency` at once, and blocks until all have ended: their
  /// outcomes in the order of the items. See `gather_options`. Inside a task: `co_await ta::gather(...)`.
  template <class F, class Items>
  auto gather(gather_options options, F&& body, Items&& items) {
    return detail::gather_and_wait(*core_, std::move(options), std::forward<F>(body),
                                   std::forward<Items>(items));
  }
  using without_options::gather;

  /// As `gather`, for any number of items in flat memory: each outcome goes to `sink(index, outcome)` as it
  /// comes, one call at a time, and is forgotten. Items are pulled on the calling thread, as fast as they are
  /// run: at most as many ahead as run at once, or 16 if that is more. Returns how many were pulled, each of
  /// which the sink is told of, however it ends. A sink that throws ends the gather, which rethrows. Of a
  /// channel nothing is pulled ahead.
  template <class F, class Items, class Sink>
  std::size_t gather_each(gather_options options, F&& body, Items&& items, Sink&& sink) {
    return detail::gather_each(*core_, std::move(options), std::forward<F>(body), std::forward<Items>(items),
                               std::forward<Sink>(sink));
  }
  using without_options::gather_each;

  /// Asks a task, or an item of a gather that hasn't ended, to end, and answers at once.
  cancel_reply cancel_task(std::string_view id);
  /// As `cancel_task`, and blocks until the task has ended.
  cancel_reply cancel_and_wait(std::string_view id);
  /// Asks all that wait and run to end; no gather begins another item. Returns how many this call has asked.
  std::size_t cancel_all();

  /// What waits and runs now, gathers' running items included, in order of submission.
  std::vector<task_info> task_status() const;
  /// A task by id: waiting, running, or ended not too long ago; an item of a gather while it runs.
  std::optional<task_info> find(std::string_view id) const;
  /// Why it isn't running, or why it ended so; of a task that `find` finds.
  std::optional<explanation> explain(std::string_view id) const;
  manager_statistics statistics() const;

  /// Sets how many tokens a limiter lends: more start now; fewer as tokens come back. What is added after the
  /// return counts with it: of zero tokens nothing starts. Threads: any.
  void resize(limiter_kind which, std::size_t capacity);

  /// Adds a limiter that tasks can name (see `limits.hpp`). Errors:
  /// `std::system_error{errc::invalid_argument}`, also when there is one of that name.
  void add_limiter(std::string name, limiter_options options);
  /// Sets how many tokens a named limiter lends. Errors: as `add_limiter`, when there is none of that name.
  void resize(std::string_view name, std::size_t capacity);
  /// Sets the rate of one that was added with a rate; what was taken before counts.
  void set_rate(std::string_view name, rate allowed);

  /// For actors: answers the messages of `actors/messages.hpp`. Made when first asked for, or after a kill.
  caf::actor actor();

  /// Calls `handler` for every event from now on, on a thread of its own, until the subscription ends.
  subscription observe(event_handler handler, observer_options options = {});

  /// Ends the manager in bounded time: no more admission, then drain, cancel, kill. May be called
  /// twice and from several threads: all get the report of the first, but a later call with shorter bounds
  /// hurries it up, and names those services that are still there then.
  shutdown_report shutdown(shutdown_options options = {});

  /// From now on the first signal of `which` that comes to this process begins a shutdown with `bounds`, the
  /// second cancels, the third kills; a stage whose bound is zero is passed over. Ignored ones (`nohup`) stay
  /// ignored. After the third, or with the end of the manager, what was there before handles them again. A
  /// further call replaces `which` and `bounds`, and counts on. Errors: as of `signals`;
  /// `std::system_error{errc::invalid_argument}` for a negative bound; then all is as it was.
  void shutdown_on(const std::vector<int>& which, shutdown_options bounds = {});
  /// Blocks until a shutdown that a signal or another thread has begun, or begins, is over: its report.
  shutdown_report wait_for_shutdown();

private:
  template <class F, class... Args>
  expected<handle<detail::body_result<F, Args...>>> add_elsewhere(task_options options, F&& body,
                                                                  Args&&... args) {
    const auto where = *std::exchange(options.where, std::nullopt);
    if (where == run_where::thread) {
      if constexpr (!detail::body_traits<F, Args...>::coroutine)
        return run_in_thread(std::move(options), std::forward<F>(body), std::forward<Args>(args)...);
      return detail::not_on_a_thread();
    }
    if constexpr (detail::fits_a_call<std::decay_t<F>, std::decay_t<Args>...>)
      return run_in_process(std::move(options), std::forward<F>(body), std::forward<Args>(args)...);
    return detail::not_in_a_process();
  }

  friend detail::manager_core& detail::core_of(task_manager& manager) noexcept;
  std::unique_ptr<detail::manager_core, void (*)(detail::manager_core*)> core_; // neither copied nor moved
};

} // namespace taskactor
