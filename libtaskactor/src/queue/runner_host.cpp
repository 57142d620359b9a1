#include "queue/runner_host.hpp"

#include "base/new_thread.hpp"
#include "events/hub.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/manager_core.hpp"
#include "queue/job_task.hpp"
#include "queue/runner_actor.hpp"
#include "queue/runner_core.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/queue/store.hpp>

#include <caf/all.hpp>

#include <system_error>
#include <utility>

namespace taskactor {

job_runner::job_runner(task_manager& tasks, const taskactor::store& from, job_runner_options options)
    : host_(detail::runner_host::start(tasks, detail::core_of(from), std::move(options))) {}

job_runner::~job_runner() { host_->end(); }

bool job_runner::stop(shutdown_options bounds) { return host_->stop_within(bounds); }

bool job_runner::wait_until_idle(time_span limit) { return host_->wait_until_idle(limit); }

bool job_runner::is_idle() const { return host_->status().idle; }

std::optional<std::chrono::steady_clock::time_point> job_runner::next_due() const {
  return host_->status().next_due;
}

runner_statistics job_runner::statistics() const { return host_->status().counts; }

std::shared_ptr<detail::runner_host> detail::host_of(const job_runner& which) noexcept { return which.host_; }

namespace detail {

namespace {

caf::actor start_runner(manager_core& home, const std::shared_ptr<runner_host>& host) {
  const passing_through caller;
  if (home.waits().is_virtual() || home.waits().is_run_by_hand())
    return home.system().spawn<runner_actor, caf::hidden>(host);
  try {
    return home.system().spawn<runner_actor, caf::detached + caf::hidden>(host);
  } catch (const std::system_error& error) {
    no_thread(error, "a job runner");
  }
}

} // namespace

runner_host::runner_host(manager_core& home, std::shared_ptr<store_core> from, runner_plan plan)
    : runner_inbox(home, std::move(from)), plan_(std::move(plan)) {
  status_.counts.name = plan_.name;
}

std::shared_ptr<runner_host> runner_host::start(task_manager& tasks, std::shared_ptr<store_core> from,
                                                job_runner_options options) {
  register_taskactor_queue();
  auto& home = core_of(tasks);
  auto plan = checked(std::move(options), home.with().cancel_grace);
  plan.decides = home.decides();
  auto host = std::make_shared<runner_host>(home, std::move(from), std::move(plan));
  attach_member(home, attachment_kind::queue, when_let_go::go_on, host, "job runner");
  const auto started = start_runner(home, host);
  host->set_actor(started);
  home.dependents().add(started, false, {{}, [name = host->plan_.name] {
                                           return std::vector<std::string>{"job runner " + name};
                                         }});
  host->post([](runner_core&) {}); // its first turn
  return host;
}

// -- its actor --------------------------------------------------------------

runner_mail runner_host::take() {
  const std::lock_guard lock{mutex_};
  status_.idle = false; // until its turn is over
  return take_mail();
}

/// A store that can't be written is said to be so, once a minute, and when it can again.
void runner_host::say_trouble(const runner_statistics& counts) {
  constexpr std::chrono::minutes pause{1};
  const std::pair<const char*, const runner_part_statistics*> parts[]
      = {{"beat", &counts.beat},       {"claim", &counts.claim},   {"finish", &counts.finish},
         {"promote", &counts.promote}, {"rescue", &counts.rescue}, {"prune", &counts.prune}};
  for (const auto& [name, part] : parts) {
    if (part->last_error.empty())
      continue;
    if (const auto now = home().now(); !trouble_.said || now >= after(trouble_.at, pause)) {
      home().events().warn("job runner \"" + plan_.name + "\": " + name + ": " + part->last_error
                           + "; it is tried again");
      trouble_ = {.said = true, .at = now};
    }
    return;
  }
  if (std::exchange(trouble_.said, false))
    home().events().warn("job runner \"" + plan_.name + "\": the store answers again");
}

void runner_host::publish(const runner_status& what) {
  say_trouble(what.counts);
  const std::lock_guard lock{mutex_};
  status_ = what;
  if (status_.idle)
    changed_.notify_all();
}

void runner_host::over(bool clean) noexcept {
  const auto left = close(); // destroyed outside the lock
  const std::lock_guard lock{mutex_};
  set_fence({});
  over_ = true;
  clean_ = clean_ || clean;
  status_.idle = true;
  status_.next_due.reset();
  status_.counts.ended = true;
  changed_.notify_all();
}

// -- callers ----------------------------------------------------------------

bool runner_host::wait_over(std::chrono::nanoseconds limit) {
  std::unique_lock lock{mutex_};
  if (!over_)
    home().waits().block(
        lock, changed_, [this] { return over_; }, after(home().now(), limit));
  return over_;
}

bool runner_host::stop_within(const shutdown_options& bounds) {
  constexpr std::chrono::seconds turns{10}; // of its own, beyond the stages
  for (const auto& wrong : {check_duration("drain", bounds.drain), check_duration("cancel", bounds.cancel),
                            check_duration("kill", bounds.kill)})
    if (wrong)
      throw_rejection(*wrong);
  {
    const std::lock_guard lock{mutex_};
    if (over_)
      return clean_;
  }
  refuse_inside_coroutine();
  post([bounds](runner_core& core) { core.begin_stop(bounds); });
  auto limit = plus(plus(bounds.drain, bounds.cancel), plus(bounds.kill, turns));
  if (!wait_over(limit)) {
    stop(); // it is held up by what isn't ours: a store that doesn't answer
    wait_over(turns);
  }
  const std::lock_guard lock{mutex_};
  return over_ && clean_;
}

void runner_host::end() noexcept {
  const shutdown_options bounds{
      .drain = time_span{}, .cancel = std::chrono::seconds{2}, .kill = std::chrono::seconds{1}};
  try {
    {
      const std::lock_guard lock{mutex_};
      if (over_)
        return;
    }
    if (current_context() == nullptr && home().waits().may_wait_here())
      stop_within(bounds);
    else
      post([bounds](runner_core& core) { core.begin_stop(bounds); });
  } catch (const std::exception&) { // NOLINT: in a test that can't go on; it was asked, and ends by itself
  }
}

bool runner_host::wait_until_idle(std::chrono::nanoseconds limit) {
  bool was_idle = false; // mail comes without the lock: a moment later it may not be idle any more
  const auto is_idle = [&] { return was_idle = was_idle || over_ || (status_.idle && !has_mail()); };
  std::unique_lock lock{mutex_};
  if (!is_idle())
    home().waits().block(lock, changed_, is_idle, after(home().now(), limit));
  return is_idle();
}

runner_status runner_host::status() {
  const std::lock_guard lock{mutex_};
  auto now = status_;
  now.idle = now.idle && !has_mail();
  return now;
}

void runner_host::stop() noexcept {
  if (const auto there = actor())
    caf::anon_send_exit(there, caf::exit_reason::kill);
}

} // namespace detail

} // namespace taskactor
