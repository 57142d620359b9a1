#include "job_scheduler/job_scheduler_host.hpp"

#include "base/invalid.hpp"
#include "base/memory.hpp"
#include "events/hub.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_table.hpp"
#include "scheduler/scheduler_actor.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/duration_text.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/queue/store.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

/// So many schedules are read, and so many jobs pushed, by one call of the store: others have their turn
/// between two.
constexpr std::size_t schedules_at_once = 500, jobs_at_once = 500;
constexpr std::chrono::milliseconds first_pause{250}, longest_pause{30'000};
constexpr std::chrono::minutes between_warnings{1};

/// A clock's hand is never asked for more; one that is due just now was not when the page was read.
constexpr std::chrono::nanoseconds longest_rest = std::chrono::hours{24 * 365},
                                   shortest_rest = std::chrono::milliseconds{1};

std::chrono::nanoseconds time_until(store_time due, store_time now) {
  if (due >= now + longest_rest)
    return longest_rest;
  return std::max<std::chrono::nanoseconds>(due - now, shortest_rest);
}

std::string nominal_text(const std::optional<fire>& at) {
  return at ? "nominal " + to_rfc3339(at->nominal) : std::string{"run now"};
}

/// Says events of one schedule, if anybody wants them.
struct schedule_words {
  event_hub& events;
  time_point now;
  const std::string& name;

  template <class Text>
  void operator()(event_kind kind, const Text& text) const {
    if (events.wants(kind))
      events.emit({.kind = kind, .id = name, .at = now, .text = text()});
  }
};

void say_step(const schedule_words& say, const schedule_step& step, const std::vector<push_reply>& pushed) {
  if (step.missed != 0)
    say(event_kind::schedule_missed, [&] {
      return std::to_string(step.missed) + ", nominal " + to_rfc3339(*step.first_missed) + " to "
             + to_rfc3339(*step.last_missed);
    });
  for (const auto& each : step.skipped)
    say(event_kind::schedule_skipped, [&] { return nominal_text(each.at) + ": " + each.why; });
  for (std::size_t i = 0; i < step.fires.size(); ++i)
    say(event_kind::schedule_fired,
        [&] { return nominal_text(step.fires[i]) + ", job " + std::to_string(pushed[i].id); });
  if (is_over(step.then))
    say(event_kind::schedule_ended, [&] { return std::string{to_string(step.then.next.why)}; });
}

} // namespace

// -- made, and closed -------------------------------------------------------

std::shared_ptr<job_scheduler_host> job_scheduler_host::start(task_manager& tasks,
                                                              std::shared_ptr<store_core> of,
                                                              const job_scheduler_options& options) {
  if (options.poll < std::chrono::milliseconds{1})
    throw_invalid("poll: " + to_text(options.poll) + "; give a millisecond or more");
  auto& home = core_of(tasks);
  if (home.table().refuses(0))
    throw error{errc::stopping, "the manager is shutting down: it takes no job scheduler"};
  auto host = std::make_shared<job_scheduler_host>(home, std::move(of), options.poll);
  attach_member(home, attachment_kind::schedules, when_let_go::stop, host, "job scheduler");
  const auto started = start_turns(home, host, "taskactor.job_scheduler", "a job scheduler");
  host->inbox_.set_actor(started);
  home.dependents().add(started, false, {{}, [] { return std::vector<std::string>{"job scheduler"}; }});
  const auto notice = [weak = std::weak_ptr{host}] {
    if (const auto there = weak.lock())
      there->inbox_.notice();
  };
  if (home.decides())
    home.decides()->when_wall_is_set(notice);
  {
    const std::lock_guard no_turn{host->turns_};
    host->watch_ = schedules_of(*host->store_).watch(notice);
  }
  host->inbox_.notice(); // its first turn
  return host;
}

job_scheduler_host::job_scheduler_host(manager_core& home, std::shared_ptr<store_core> of,
                                       std::chrono::nanoseconds poll)
    : home_(home),
      store_(std::move(of)),
      poll_(poll),
      inbox_(home, home.waits().is_virtual() && !store_->virtual_time()) {}

void job_scheduler_host::close() noexcept {
  std::shared_ptr<void> watch; // whose end waits for a call that is on its way here
  const std::lock_guard no_turn{turns_};
  if (inbox_.close())
    watch = std::move(watch_);
}

job_scheduler_statistics job_scheduler_host::statistics() {
  const std::lock_guard lock{counting_};
  auto now = counts_;
  now.ended = inbox_.is_closed();
  return now;
}

// -- turns ------------------------------------------------------------------

next_turn job_scheduler_host::turn() {
  const std::lock_guard no_other{turns_};
  const auto mail = inbox_.take();
  next_turn next{.home = &home_, .over = mail.over};
  if (next.over)
    return next;
  try {
    make_turn(next, mail.answers);
  } catch (const std::bad_alloc&) { // what isn't done by now is done then, from the first page on
    walk_ = {};
    rest_.again = after(home_.now(), moment_without_memory);
    next.due = rest_.again;
  } catch (const std::exception& why) {
    on_failure({errc::store_failed, why.what()});
    next.due = rest_.again;
  }
  return next;
}

void job_scheduler_host::make_turn(next_turn& next, const std::vector<job_scheduler_inbox::answer>& answers) {
  for (const auto& each : answers)
    each(*this);
  if (!walk_.asking && (inbox_.take_notice() || home_.now() >= rest_.again))
    look();
  if (!walk_.asking)
    next.due = rest_.again;
}

template <class T, class Call>
void job_scheduler_host::ask(void (job_scheduler_host::*then)(const expected<T>&), const Call& call) {
  told<T> tell = [self = shared_from_this(), then](expected<T> got) {
    std::shared_ptr<const expected<T>> kept;
    once_there_is_memory([&] {
      if (!kept)
        kept = std::make_shared<const expected<T>>(std::move(got));
      self->inbox_.post([then, kept](job_scheduler_host& host) { (host.*then)(*kept); });
    });
    self->inbox_.end_call();
  };
  inbox_.begin_call();
  walk_.asking = true;
  try {
    call(std::move(tell));
  } catch (...) { // no memory: it wasn't made
    inbox_.end_call();
    throw;
  }
}

/// In memory the answer is there when the call returns: in the next turn.
void job_scheduler_host::look() {
  schedule_query which{.due = true, .behind = walk_.behind, .most = schedules_at_once};
  ask(&job_scheduler_host::on_page,
      [&](auto tell) { schedules_of(*store_).find(std::move(which), std::move(tell)); });
}

void job_scheduler_host::on_page(const expected<schedule_page>& found) {
  walk_.asking = false;
  if (!found)
    return on_failure(found.error());
  on_success();
  walk_.plans.clear();
  walk_.until_next = found->next_due ? time_until(*found->next_due, found->now) : longest_rest;
  std::vector<schedule_write> writes;
  std::size_t jobs = 0, looked_at = 0;
  for (const auto& each : found->found) {
    if (jobs >= jobs_at_once)
      break;
    ++looked_at;
    walk_.behind = {*each.row.due, each.row.name};
    if (auto write = plan(each, found->now)) {
      jobs += write->jobs.size();
      writes.push_back(*std::move(write));
    }
  }
  walk_.is_full = looked_at < found->found.size() || looked_at == schedules_at_once;
  if (writes.empty())
    return go_on();
  ask(&job_scheduler_host::on_written,
      [&](auto tell) { schedules_of(*store_).write(std::move(writes), std::move(tell)); });
}

/// Empty: it can't be read.
std::optional<schedule_write> job_scheduler_host::plan(const stored_schedule& which, store_time now) {
  try {
    const auto known = read_schedule(which);
    auto step = look_at(known, now);
    auto write = write_of(known, step, now);
    walk_.plans.push_back({which.row.name, std::move(step)});
    return write;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const error& why) {
    pass_over(which.row, why.message());
  } catch (const std::exception& why) {
    pass_over(which.row, "schedule \"" + visible(which.row.name) + "\": " + why.what());
  }
  return {};
}

void job_scheduler_host::pass_over(const schedule_row& which, const std::string& why) {
  walk_.unreadable.emplace(which.name, which.stamp);
  if (const auto known = unreadable_.find(which.name);
      known != unreadable_.end() && known->second == which.stamp)
    return;
  unreadable_[which.name] = which.stamp;
  home_.events().warn(why + "; it is left as it is, and fires by no program of this release");
}

void job_scheduler_host::on_written(const expected<std::vector<schedule_written>>& written) {
  walk_.asking = false;
  if (!written)
    return on_failure(written.error());
  on_success();
  walk_.wrote = true;
  std::vector<control_action> cancels;
  for (std::size_t i = 0; i < written->size(); ++i) {
    const auto& what = walk_.plans[i];
    const auto& how = (*written)[i];
    if (!how.done) {
      count([](auto& counts) { ++counts.beaten; });
      continue;
    }
    if (what.step.cancel)
      cancels.push_back(
          {.verb = control_verb::cancel, .id = *what.step.cancel, .name = {}, .capacity = {}, .rate = {}});
    count([&](auto& counts) {
      counts.fired += what.step.fires.size();
      counts.missed += what.step.missed;
      counts.skipped += what.step.skipped.size();
    });
    say_step({home_.events(), home_.now(), what.name}, what.step, how.pushed);
  }
  if (!cancels.empty()) // not made, or not told: at the next look again
    store_->control(std::move(cancels), [](const expected<std::vector<control_reply>>&) {});
  go_on();
}

void job_scheduler_host::go_on() {
  if (walk_.is_full)
    return look();
  // What was written is due at other times now, which the next page says.
  const bool again = walk_.wrote;
  const auto next = walk_.until_next;
  unreadable_ = std::move(walk_.unreadable);
  count([this](auto& counts) { counts.unreadable = unreadable_.size(); });
  walk_ = {};
  if (again)
    return look();
  rest_.again = after(home_.now(), store_->virtual_time() ? next : std::min(next, poll_));
}

void job_scheduler_host::on_failure(const rejection& why) {
  walk_ = {};
  count([&](auto& counts) {
    ++counts.failures;
    counts.last_error = why.message;
  });
  const auto now = home_.now();
  rest_.pause = std::clamp(2 * rest_.pause, first_pause, longest_pause);
  rest_.again = after(now, rest_.pause);
  if (rest_.said && now < after(*rest_.said, between_warnings))
    return;
  rest_.said = now;
  home_.events().warn("job scheduler: " + why.message + "; it is tried again");
}

void job_scheduler_host::on_success() {
  rest_.pause = {};
  if (std::exchange(rest_.said, std::nullopt))
    home_.events().warn("job scheduler: the store answers again");
  count([now = home_.now()](auto& counts) {
    counts.last_success = now;
    counts.last_error.clear();
  });
}

void job_scheduler_host::count(const std::function<void(job_scheduler_statistics&)>& change) {
  const std::lock_guard lock{counting_};
  change(counts_);
}

} // namespace detail

job_scheduler::job_scheduler(task_manager& tasks, const store& of, job_scheduler_options options)
    : host_(detail::job_scheduler_host::start(tasks, detail::core_of(of), options)) {}
job_scheduler::~job_scheduler() { host_->close(); }
job_scheduler_statistics job_scheduler::statistics() const { return host_->statistics(); }

} // namespace taskactor
