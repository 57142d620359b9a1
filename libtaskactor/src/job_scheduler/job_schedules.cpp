#include <taskactor/queue/job_schedules.hpp>

#include "base/invalid.hpp"
#include "job_scheduler/schedule_edit.hpp"
#include "job_scheduler/schedule_look.hpp"
#include "queue/schedule_rows.hpp"
#include "queue/store_core.hpp"
#include "queue/store_text.hpp"
#include "schedule/trigger_core.hpp"
#include "scheduler/schedule_entry.hpp"

#include <taskactor/detail/duration_text.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

std::optional<rejection> check_not_negative(const char* field, std::chrono::nanoseconds given) {
  if (given.count() >= 0)
    return {};
  return invalid(std::string{field} + ": " + to_text(given) + "; give zero or more");
}

std::optional<rejection> check_job(const push_options& job) {
  if (job.delay.count() != 0 || job.at)
    return invalid("job.delay, job.at: the trigger says when a job is due");
  if (!content_of(job.after).empty())
    return invalid("job.after: a schedule's jobs run after no others; its job may push some that do");
  if (!content_of(job.unique.key).empty())
    return invalid("job.unique: `overlap` says how many jobs of a schedule there may be at once");
  return {};
}

std::optional<rejection> check(const job_schedule_options& options) {
  if (auto wrong = check_schedule_name(content_of(options.name)))
    return wrong;
  if (options.overlap > overlap_policy::allow)
    return invalid("overlap: give skip, queue_one, cancel_old or allow");
  if (options.missed > missed_policy::none)
    return invalid("missed: give latest, all or none");
  if (options.max_instances == 0)
    return invalid("max_instances: 0, with which nothing of it runs; give one or more");
  if (options.most_made_up == 0 || options.most_made_up > most_fires_at_once)
    return invalid("most_made_up: " + std::to_string(options.most_made_up) + "; give 1 to "
                   + std::to_string(most_fires_at_once));
  if (auto wrong = check_not_negative("missed_window", options.missed_window))
    return wrong;
  if (auto wrong = check_not_negative("on_time", options.on_time))
    return wrong;
  return check_job(options.job);
}

std::string named(const std::string& name) { return "schedule \"" + visible(name) + "\": "; }

rejection unknown(const std::string& name) {
  return {errc::unknown_id, named(name) + "there is none of this name in the store"};
}
rejection never(const std::string& name, no_fire why) {
  return {errc::never, named(name) + "it never fires: " + std::string{to_string(why)}};
}

job_schedule_info schedule_info_of(const known_schedule& which) {
  const auto& progress = which.progress;
  job_schedule_info info;
  info.name = which.name();
  info.trigger = which.spec.when.to_text();
  info.queue = which.spec.job.row.queue;
  info.task = which.spec.job.row.task;
  info.paused = progress.paused;
  info.next = progress.next;
  info.last = progress.last;
  info.open = which.stored->open;
  info.waiting = progress.waiting.has_value();
  info.counts = {.fired = progress.fired,
                 .made_up = progress.made_up,
                 .missed = progress.missed,
                 .skipped = progress.skipped};
  return info;
}

/// One that can't be read doesn't hide the others.
job_schedule_info listed(const stored_schedule& which) {
  try {
    return schedule_info_of(read_schedule(which));
  } catch (const error& why) {
    job_schedule_info info;
    info.name = which.row.name;
    info.open = which.open;
    info.unreadable = why.message();
    return info;
  }
}

schedule_spec spec_with(const job_schedule_options& options, const trigger& when, new_job job) {
  const auto microseconds
      = [](std::chrono::nanoseconds span) { return std::chrono::floor<std::chrono::microseconds>(span); };
  schedule_spec spec{.when = jittered(when, options.jitter)};
  if (options.jitter)
    spec.jitter = microseconds(*options.jitter);
  job.request.clear(); // each fire has its own
  spec.job = std::move(job);
  spec.overlap = options.overlap;
  spec.max_instances = options.max_instances;
  spec.late = {.missed = options.missed,
               .window = microseconds(options.missed_window),
               .on_time = microseconds(options.on_time),
               .most = options.most_made_up};
  return spec;
}

expected<schedule_edited<job_schedule_info>> added(const std::string& name, const schedule_spec& spec,
                                                   bool paused, const stored_schedule* there,
                                                   store_time now) {
  if (there)
    return rejection{errc::duplicate_id, named(name) + "there is one of this name in the store"};
  schedule_progress progress;
  progress.paused = paused;
  progress.passed = now;
  progress.next = spec.when.next(now, name);
  if (!progress.next)
    return never(name, progress.next.why);
  stored_schedule made{.row = {.name = name,
                               .stamp = random_stamp(),
                               .due = due_of(progress, now),
                               .spec = text_of(spec),
                               .state = text_of(progress)},
                       .open = {}};
  schedule_edited<job_schedule_info> edited;
  edited.answer = schedule_info_of({.stored = &made, .spec = spec, .progress = progress});
  edited.write = schedule_write{.name = name, .from = 0, .to = std::move(made.row), .jobs = {}};
  return edited;
}

/// Adds what `jobs` gives the job of: one, without anything of a schedule in it.
store_call<job_schedule_info> add_schedule(const store& in, const job_schedule_options& options,
                                           const trigger& when,
                                           const std::function<expected<std::vector<new_job>>()>& jobs) {
  const auto refused = [](rejection why) { return store_call<job_schedule_info>{std::move(why)}; };
  try {
    if (auto wrong = check(options))
      return refused(std::move(*wrong));
    auto made = jobs();
    if (!made)
      return refused(made.error());
    const auto spec
        = std::make_shared<const schedule_spec>(spec_with(options, when, std::move(made->front())));
    const auto& name = content_of(options.name);
    return edit_schedule<job_schedule_info>(
        core_of(in), name,
        [name, spec, paused = options.paused](const stored_schedule* there, store_time now) {
          return added(name, *spec, paused, there, now);
        });
  } catch (const error& wrong) {
    return refused({static_cast<errc>(wrong.code().value()), wrong.message()});
  }
}

/// Of one that is there, read; `how` is given it and the time.
template <class T, class How>
store_call<T> edit_known(const store& in, const std::string& name, How how) {
  return edit_schedule<T>(
      core_of(in), name,
      [name, how](const stored_schedule* there, store_time now) -> expected<schedule_edited<T>> {
        if (!there)
          return unknown(name);
        return how(read_schedule(*there), now);
      });
}

/// What a page of the store's says, made of it by who asks: to read many takes its time.
template <class T>
class page_view final : public call_view<T> {
public:
  using make = std::function<expected<T>(const schedule_page&)>;

  page_view(std::shared_ptr<call_state<schedule_page>> of, make how)
      : state_(std::move(of)), make_(std::move(how)) {}
  call_end& end() noexcept override { return *state_; }
  expected<T> take() override {
    const auto page = state_->take();
    if (!page)
      return page.error();
    try {
      return make_(*page);
    } catch (const error& why) {
      return rejection{static_cast<errc>(why.code().value()), why.message()};
    }
  }

private:
  const std::shared_ptr<call_state<schedule_page>> state_;
  const make make_;
};

template <class T>
store_call<T> read_page(const store& in, schedule_query which, typename page_view<T>::make how) {
  auto state = std::make_shared<call_state<schedule_page>>();
  schedules_of(*core_of(in)).find(std::move(which), [state](expected<schedule_page> page) {
    state->set(std::move(page));
  });
  return store_call<T>{
      std::shared_ptr<call_view<T>>{std::make_shared<page_view<T>>(std::move(state), std::move(how))}};
}

/// Its fires that are due by now won't be.
void give_up_due(const known_schedule& which, schedule_step& step, store_time now) {
  auto& then = step.then;
  if (!then.next || then.next->due > now)
    return;
  auto rules = which.spec.late;
  rules.missed = missed_policy::none;
  rules.on_time = std::chrono::microseconds{-1}; // whatever is due by now is late
  const auto due = fires_due(which.spec.when, which.name(), *then.next, now, rules);
  (then.paused ? then.skipped : then.missed) += due.missed;
  then.passed = std::max(then.passed, due.passed);
  then.next = due.next;
}

} // namespace

store_call<job_schedule_info> add_command_schedule(const job_schedules& to,
                                                   const job_schedule_options& options, const trigger& when,
                                                   const std::string& queue, const json& command) {
  return add_schedule(to.in(), options, when, [&] {
    return queue_front{to.in(), queue}.command_jobs(options.job, command);
  });
}

} // namespace detail

using detail::known_schedule;

store_call<job_schedule_info>
job_schedules::add_registered(const job_schedule_options& options, const trigger& when,
                              const std::string& queue, const expected<const named_task*>& which,
                              const expected<std::vector<json>>& arguments) const {
  return detail::add_schedule(store_, options, when, [&] {
    return detail::queue_front{store_, queue}.jobs(which, options.job, arguments);
  });
}

store_call<job_schedule_info> job_schedules::add_named(const job_schedule_options& options,
                                                       const trigger& when, const std::string& queue,
                                                       std::string_view task, const json& arguments) const {
  return add_registered(options, when, queue, detail::registered_task(task, arguments),
                        std::vector<json>{arguments});
}

store_call<job_schedule_info> job_schedules::add_unchecked(const job_schedule_options& options,
                                                           const trigger& when, const std::string& queue,
                                                           const std::string& task,
                                                           const json& arguments) const {
  return detail::add_schedule(store_, options, when, [&] {
    return detail::queue_front{store_, queue}.unchecked_jobs(options.job, task, arguments);
  });
}

store_call<job_schedule_info> job_schedules::find(const std::string& name) const {
  if (detail::check_name("name", name))
    return store_call<job_schedule_info>{detail::unknown(name)};
  return detail::read_page<job_schedule_info>(
      store_, {.names = {name}}, [name](const detail::schedule_page& page) -> expected<job_schedule_info> {
        if (page.found.empty())
          return detail::unknown(name);
        return detail::schedule_info_of(detail::read_schedule(page.found.front()));
      });
}

store_call<std::vector<job_schedule_info>> job_schedules::list(const std::string& after,
                                                               std::size_t most) const {
  if (auto wrong = detail::check_text("after", after, detail::longest_name))
    return store_call<std::vector<job_schedule_info>>{std::move(*wrong)};
  using all_of_them = std::vector<job_schedule_info>;
  return detail::read_page<all_of_them>(store_, {.after = after, .most = most},
                                        [](const detail::schedule_page& page) -> expected<all_of_them> {
                                          all_of_them all;
                                          all.reserve(page.found.size());
                                          for (const auto& each : page.found)
                                            all.push_back(detail::listed(each));
                                          return all;
                                        });
}

store_call<bool> job_schedules::pause(const std::string& name) const {
  return detail::edit_schedule<bool>(
      detail::core_of(store_), name,
      [name](const detail::stored_schedule* there,
             store_time now) -> expected<detail::schedule_edited<bool>> {
        if (!there)
          return detail::unknown(name);
        detail::schedule_step step{.then = detail::read_progress(name, there->row.state)};
        if (step.then.paused)
          return detail::schedule_edited<bool>{};
        detail::drop_waiting(step, "the schedule is paused");
        step.then.paused = true;
        return detail::schedule_edited<bool>{.answer = true,
                                             .write = detail::write_of(there->row, nullptr, step, now)};
      });
}

store_call<bool> job_schedules::resume(const std::string& name, on_resume fires_of_the_pause) const {
  return detail::edit_known<bool>(
      store_, name, [fires_of_the_pause](const known_schedule& which, store_time now) {
        if (!which.progress.paused)
          return detail::schedule_edited<bool>{};
        detail::schedule_step step{.then = which.progress};
        if (fires_of_the_pause == on_resume::skip)
          detail::give_up_due(which, step, now);
        step.then.paused = false;
        return detail::schedule_edited<bool>{.answer = true, .write = detail::write_of(which, step, now)};
      });
}

store_call<job_id> job_schedules::run_now(const std::string& name) const {
  return detail::edit_known<job_id>(
      store_, name,
      [name](const known_schedule& which, store_time now) -> expected<detail::schedule_edited<job_id>> {
        const auto step = detail::run_now(which, now);
        if (step.refused)
          return rejection{errc::overlapping, detail::named(name) + step.refused};
        detail::schedule_edited<job_id> edited;
        edited.write = detail::write_of(which, step, now);
        edited.cancel = step.cancel;
        if (!step.then.waiting) // else it is this call that waits
          edited.by_jobs = [](const std::vector<detail::push_reply>& pushed) { return pushed.back().id; };
        return edited;
      });
}

store_call<fire> job_schedules::change(const std::string& name, const trigger& to) const {
  return detail::edit_known<fire>(
      store_, name,
      [name, to](const known_schedule& which, store_time now) -> expected<detail::schedule_edited<fire>> {
        detail::schedule_step step{.then = which.progress};
        const auto by = detail::jittered(to, which.spec.jitter);
        const auto next = by.next(std::max(which.progress.passed, now), name);
        if (!next)
          return detail::never(name, next.why);
        detail::give_up_due(which, step, now);
        step.then.next = next;
        auto changed = which.spec;
        changed.when = by;
        auto write = detail::write_of(which, step, now);
        write.to->spec = detail::text_of(changed);
        return detail::schedule_edited<fire>{.answer = *next, .write = std::move(write)};
      });
}

store_call<bool> job_schedules::remove(const std::string& name) const {
  return detail::edit_schedule<bool>(
      detail::core_of(store_), name,
      [name](const detail::stored_schedule* there,
             store_time) -> expected<detail::schedule_edited<bool>> { // one that can't be read, too
        if (!there)
          return detail::unknown(name);
        return detail::schedule_edited<bool>{
            .answer = true,
            .write = detail::schedule_write{.name = name, .from = there->row.stamp, .to = {}, .jobs = {}}};
      });
}

} // namespace taskactor
