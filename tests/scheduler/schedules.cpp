// Schedules: their fires, what can be done to them, and how they end.
#include "base/service_thread.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "scheduler/plays.hpp"
#include "scheduler/scheduler_host.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

namespace schedules_tests {

using namespace test;

/// Its own heap is not what these ask for.
std::string refusal(const ta::expected<ta::schedule_handle>& made) {
  return made ? "added" : made.error().message;
}

} // namespace schedules_tests

BOOST_AUTO_TEST_SUITE(schedules)
using namespace schedules_tests;

BOOST_AUTO_TEST_CASE(each_fire_is_a_task_that_is_told_its_times) {
  schedule_world world;
  const auto h = world.add({.name = "tick"}, "every 10s");
  world.time.advance(35s);
  BOOST_TEST(world.take() == (texts{"00:00:10@00:00:10", "00:00:20@00:00:20", "00:00:30@00:00:30"}));
  BOOST_TEST(world.time.tasks.find("tick-3").has_value());
  const auto info = h.info();
  BOOST_TEST(info.counts.fired == 3U);
  BOOST_TEST(info.counts.running == 0U);
  BOOST_TEST(info.trigger == "every 10s");
  BOOST_TEST(short_time(info.next->nominal) == "00:00:40");
  BOOST_TEST(short_time(*info.last) == "00:00:30");
}

BOOST_AUTO_TEST_CASE(bodies_of_all_kinds) {
  schedule_world world;
  int plain = 0, told = 0, on_thread = 0;
  const auto every = parsed("every 10s");
  auto a = world.schedules.add({}, every, [&] { ++plain; }).value();
  auto b
      = world.schedules
            .add({}, every, [&](const ta::schedule_fire& at) { return told += static_cast<int>(at.number); })
            .value();
  auto c
      = world.schedules.add({.task = {.where = ta::run_where::thread}}, every, [&] { ++on_thread; }).value();
  BOOST_TEST(a.name() == "schedule-1");
  BOOST_TEST(b.name() == "schedule-2");
  world.time.run_until([&] { return c.info().counts.fired == 2U && c.info().counts.running == 0U; });
  BOOST_TEST(plain == 2);
  BOOST_TEST(told == 3);
  BOOST_TEST(on_thread == 2);
}

BOOST_AUTO_TEST_CASE(a_body_that_throws_harms_no_later_fire) {
  schedule_world world;
  std::vector<std::string> failed;
  const auto watching = world.time.tasks.observe([&](const ta::task_event& e) { failed.push_back(e.id); },
                                                 {.kinds = {ta::event_kind::unobserved_failure}});
  int calls = 0;
  auto h = world.schedules
               .add({.name = "bad", .task = {.retry = ta::retry{.max_attempts = 2}}}, parsed("every 10s"),
                    [&] {
                      ++calls;
                      throw std::runtime_error{"no"};
                    })
               .value();
  world.time.advance(25s);
  BOOST_TEST(calls == 4);
  BOOST_TEST(failed == (texts{"bad-1", "bad-2"}));
  BOOST_TEST(h.info().counts.fired == 2U);
  BOOST_TEST(h.info().counts.running == 0U);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_fire) {
  schedule_world world;
  const auto h = world.add({.task = {.timeout = 3s}}, "every 10s", 1h);
  world.time.advance(12s);
  BOOST_TEST(h.info().counts.running == 1U);
  world.time.advance(2s);
  BOOST_TEST(h.info().counts.running == 0U);
  world.time.advance(10s);
  BOOST_TEST(h.info().counts.fired == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused) {
  schedule_world world;
  const auto hourly = parsed("@hourly");
  const auto body = [] {};
  const auto add = [&](ta::schedule_options options) {
    return refusal(world.schedules.add(std::move(options), hourly, body));
  };
  BOOST_TEST(add({.max_instances = 0}).starts_with("max_instances: 0"));
  BOOST_TEST(add({.missed_window = -1s}).starts_with("missed_window: "));
  BOOST_TEST(add({.on_time = -1s}).starts_with("on_time: "));
  BOOST_TEST(add({.most_made_up = 0}).starts_with("most_made_up: 0"));
  BOOST_TEST(add({.jitter = -1s}).starts_with("jitter: "));
  BOOST_TEST(add({.task = {.id = "x"}}).starts_with("task.id: "));
  BOOST_TEST(add({.task = {.timeout = -1s}}).starts_with("task.timeout: "));
  BOOST_TEST(add({.task = {.where = ta::run_where::process}}).starts_with("task.where: "));
  BOOST_TEST(
      add({.task = {.admission = {.on_full = ta::on_full::wait}}}).starts_with("task.admission.on_full: "));
  BOOST_TEST(add({.overlap = static_cast<ta::overlap_policy>(9)}).starts_with("overlap: "));
  const auto coroutine = [](ta::schedule_fire) -> ta::task<void> { co_return; };
  BOOST_TEST(refusal(world.schedules.add({.task = {.where = ta::run_where::thread}}, hourly, coroutine))
                 .starts_with("task.where: "));
  BOOST_TEST(add({.name = "one"}) == "added");
  BOOST_TEST(add({.name = "one"}) == "there is a schedule \"one\" already");
  BOOST_TEST(world.schedules.list().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_trigger_that_never_fires_is_never) {
  schedule_world world;
  const auto past = world.schedules.add({.name = "past"}, parsed("at 2025-01-01T00:00:00Z"), [] {});
  BOOST_TEST(!past);
  BOOST_TEST((past.error().code == ta::errc::never));
  BOOST_TEST(past.error().message == "schedule \"past\": it is never due: there are no more fires");
  const auto dark
      = world.schedules.add({}, parsed("@daily @ Europe/Berlin start 2038-06-01T00:00:00Z"), [] {});
  BOOST_TEST(dark.error().message.ends_with("the zone's data ends before the next fire"));
}

BOOST_AUTO_TEST_CASE(a_schedule_ends_with_its_trigger) {
  schedule_world world;
  const auto h
      = world.add({.name = "twice"}, "every 10s start 2026-01-01T00:00:00Z end 2026-01-01T00:00:20Z", 15s);
  world.time.advance(11s);
  BOOST_TEST(world.schedules.find("twice").has_value());
  world.time.advance(1min);
  BOOST_TEST(h.info().ended);
  BOOST_TEST(!h.next());
  BOOST_TEST(!world.schedules.find("twice"));
  auto late = h;
  BOOST_TEST(!late.pause());
  BOOST_TEST(!late.resume());
  BOOST_TEST(!late.cancel());
  BOOST_TEST((late.run_now().error().code == ta::errc::never));
  BOOST_TEST((late.change(parsed("@daily")).error().code == ta::errc::never));
  BOOST_TEST(h.info().counts.fired == 1U);
  BOOST_TEST(h.info().counts.skipped == 1U);
  world.add({.name = "twice"}, "@hourly");
}

BOOST_AUTO_TEST_CASE(a_pause_skips_or_makes_up) {
  schedule_world world;
  auto h = world.add({.missed = ta::missed_policy::all}, "every 10s");
  BOOST_TEST(h.pause());
  BOOST_TEST(!h.pause());
  world.time.advance(35s);
  BOOST_TEST(world.take().empty());
  BOOST_TEST(h.resume());
  BOOST_TEST(!h.resume());
  world.time.settle();
  BOOST_TEST(world.take().empty());
  BOOST_TEST(h.info().counts.skipped == 3U);
  BOOST_TEST(h.info().counts.missed == 0U);
  world.time.advance(5s);
  BOOST_TEST(world.take() == (texts{"00:00:40@00:00:40"}));
  BOOST_TEST(h.pause());
  world.time.advance(25s);
  BOOST_TEST(h.resume(ta::on_resume::make_up));
  world.time.settle();
  BOOST_TEST(world.take() == (texts{"00:00:50@00:01:05"})); // the second comes while the first one runs
  BOOST_TEST(h.info().counts.made_up == 1U);
  BOOST_TEST(h.info().counts.skipped == 4U);
}

BOOST_AUTO_TEST_CASE(it_may_begin_with_a_pause_and_end_in_one) {
  schedule_world world;
  auto h = world.add({.paused = true}, "at 2026-01-01T00:00:10Z");
  world.time.advance(1min);
  BOOST_TEST(world.fires.empty());
  BOOST_TEST(h.info().paused);
  BOOST_TEST(h.resume());
  BOOST_TEST(h.info().ended);
  BOOST_TEST(h.info().counts.skipped == 1U);
}

BOOST_AUTO_TEST_CASE(run_now_uses_no_nominal_time) {
  schedule_world world;
  auto h = world.add({.name = "r"}, "every 10s", 3s);
  world.time.advance(5s);
  BOOST_TEST(h.run_now().value() == "r-1");
  BOOST_TEST((h.run_now().error().code == ta::errc::overlapping));
  world.time.advance(10s);
  BOOST_TEST(world.take() == (texts{"now@00:00:05", "00:00:10@00:00:10"}));
  h.pause();
  BOOST_TEST(h.run_now().value() == "r-3");
  world.time.advance(10s);
  BOOST_TEST(world.take() == (texts{"now@00:00:15"}));
}

BOOST_AUTO_TEST_CASE(another_trigger_takes_its_place) {
  schedule_world world;
  auto h = world.add({}, "every 10s");
  world.time.advance(10s);
  BOOST_TEST(short_time(h.change(parsed("every 7s")).value().nominal) == "00:00:14");
  BOOST_TEST((h.change(parsed("at 2025-01-01T00:00")).error().code == ta::errc::never));
  world.time.advance(5s);
  BOOST_TEST(world.take() == (texts{"00:00:10@00:00:10", "00:00:14@00:00:14"}));
  world.move_wall(-12s); // the same times aren't fired again, by another trigger either
  BOOST_TEST(short_time(h.change(parsed("every 2s")).value().nominal) == "00:00:16");
}

BOOST_AUTO_TEST_CASE(cancelled_it_fires_no_more_and_what_runs_goes_on) {
  schedule_world world;
  auto h = world.add({.name = "c", .overlap = ta::overlap_policy::queue_one}, "every 10s", 15s);
  world.time.advance(21s);
  BOOST_TEST(h.info().counts.waiting == 1U);
  BOOST_TEST(h.cancel());
  BOOST_TEST(h.info().counts.waiting == 0U);
  BOOST_TEST(h.info().counts.skipped == 1U);
  BOOST_TEST((world.time.tasks.find("c-1")->state == ta::state::running));
  BOOST_TEST(h.cancel_running() == 1U);
  BOOST_TEST(h.cancel_running() == 0U);
  world.time.settle();
  BOOST_TEST((world.time.tasks.find("c-1")->state == ta::state::cancelled));
  BOOST_TEST(h.info().counts.running == 0U);
}

BOOST_AUTO_TEST_CASE(handles_and_schedulers_outlive_the_manager) {
  std::optional<ta::schedule_handle> h;
  std::optional<ta::scheduler> schedules;
  {
    ta::task_manager tasks;
    schedules.emplace(tasks);
    h = schedules->add({.name = "left"}, parsed("every 1h"), [] {}).value();
  }
  BOOST_TEST(h->name() == "left");
  BOOST_TEST(h->info().ended);
  BOOST_TEST(!h->pause());
  BOOST_TEST(!h->cancel());
  BOOST_TEST(h->cancel_running() == 0U);
  BOOST_TEST((h->run_now().error().code == ta::errc::stopping));
  BOOST_TEST((schedules->add({}, parsed("every 1h"), [] {}).error().code == ta::errc::stopping));
  schedules.reset();
  BOOST_TEST(h->info().ended);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_schedules_first) {
  schedule_world world;
  const auto h = world.add({.name = "s", .overlap = ta::overlap_policy::queue_one}, "every 10s", 25s);
  world.time.advance(21s);
  const auto report = world.time.tasks.shutdown({.drain = 1min});
  BOOST_TEST(report.not_ended.empty());
  BOOST_TEST(h.info().ended);
  BOOST_TEST(world.fires.size() == 1U); // neither the one that waited, nor those of the drain
  BOOST_TEST(world.time.elapsed() == 35s);
}

BOOST_AUTO_TEST_CASE(a_schedulers_end_leaves_tasks_alone) {
  virtual_time time;
  int ended = 0;
  auto alive = std::make_shared<int>(0);
  {
    ta::scheduler schedules{time.tasks};
    (void)schedules.add({.name = "x"}, parsed("every 10s"),
                        [&ended, alive](ta::schedule_fire) -> ta::task<void> {
                          co_await ta::sleep_for(5s);
                          ++ended;
                        });
    time.advance(11s);
  }
  time.advance(1h);
  BOOST_TEST(ended == 1);
  BOOST_TEST(alive.use_count() == 1);
  BOOST_TEST(time.describe().empty());
}

BOOST_AUTO_TEST_CASE(events_have_nominal_and_actual_times) {
  schedule_world world;
  texts seen;
  const auto watching = world.time.tasks.observe(
      [&](const ta::task_event& e) {
        seen.push_back(std::string{ta::to_string(e.kind)} + " " + e.id + ": " + e.text);
      },
      {.kinds
       = {ta::event_kind::schedule_fired, ta::event_kind::schedule_missed, ta::event_kind::schedule_skipped,
          ta::event_kind::schedule_ended, ta::event_kind::schedule_refused}});
  auto h = world.add({.name = "e"}, "every 10s", 15s);
  world.time.advance(20s);
  world.move_wall(60s);
  (void)h.cancel();
  auto bad = world.add({.name = "b", .task = {.limits = {{"none", 1}}}}, "every 1h");
  (void)bad.run_now();
  world.time.settle();
  BOOST_TEST(
      seen
          == (texts{"schedule fired e: nominal 2026-01-01T00:00:10Z, actual 2026-01-01T00:00:10Z, task e-1",
                    "schedule skipped e: nominal 2026-01-01T00:00:20Z: as many run as may at once",
                    "schedule missed fires e: 5, nominal 2026-01-01T00:00:30Z to 2026-01-01T00:01:10Z",
                    "schedule skipped e: nominal 2026-01-01T00:01:20Z: as many run as may at once",
                    "schedule ended e: it was cancelled",
                    "schedule couldn't fire b: limits: there is no limiter \"none\"; add_limiter first"}),
      boost::test_tools::per_element());
  BOOST_TEST(bad.info().counts.refused == 1U);
}

BOOST_AUTO_TEST_CASE(jitter_is_drawn_from_the_name) {
  schedule_world world;
  world.add({.name = "j", .jitter = 5s}, "every 10s");
  const auto due = ta::trigger::every(10s, {}, {.jitter = 5s}).value().next(world.time.wall_now(), "j")->due;
  world.time.advance(16s);
  BOOST_TEST(world.fires.size() == 1U);
  BOOST_TEST(world.fires[0] == "00:00:10@" + short_time(due));
  BOOST_TEST(short_time(due) > "00:00:10");
}

BOOST_AUTO_TEST_CASE(a_full_manager_makes_fires_late_and_loses_none) {
  schedule_world world{{.capacity = 1, .max_queue = 2}};
  std::vector<ta::schedule_handle> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(
        world.add({.missed = ta::missed_policy::none, .on_time = 1h}, "at 2026-01-01T00:00:10Z", 5s));
  world.time.advance(59s);
  BOOST_TEST(world.fires.size() == 10U);
  for (const auto& each : all) {
    BOOST_TEST(each.info().counts.fired == 1U);
    BOOST_TEST(each.info().counts.missed == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_taken_id_is_passed_over) {
  schedule_world world;
  auto theirs
      = world.time.tasks.add_task({.id = "t-1"}, []() -> ta::task<void> { co_await ta::sleep_for(1h); });
  auto h = world.add({.name = "t"}, "every 10s");
  BOOST_TEST(h.run_now().value() == "t-2");
}

BOOST_AUTO_TEST_CASE(far_away_times_are_waited_for) {
  schedule_world world;
  const auto h = world.add({}, "at 9999-12-31T23:59:59Z");
  world.time.advance(std::chrono::hours{24 * 365 * 150});
  BOOST_TEST(world.fires.empty());
  world.time.set_wall(std::chrono::sys_days{std::chrono::year{2200} / 1 / 1});
  world.time.settle();
  BOOST_TEST(world.fires.empty());
  BOOST_TEST(!h.info().ended);
}

BOOST_AUTO_TEST_CASE(a_body_is_destroyed_on_no_thread_of_the_schedulers) {
  struct guard {
    explicit guard(std::thread::id& where) : where(&where) {}
    guard(guard&& other) noexcept : where(std::exchange(other.where, nullptr)) {}
    ~guard() {
      if (where)
        *where = std::this_thread::get_id();
    }
    std::thread::id* where;
  };
  virtual_time time;
  std::thread::id of_cancel, of_end;
  ta::scheduler schedules{time.tasks};
  auto cancelled = schedules.add({}, parsed("every 10s"), [g = guard{of_cancel}] {}).value();
  auto over = schedules.add({}, parsed("at 2026-01-01T00:00:10Z"), [g = guard{of_end}] {}).value();
  (void)cancelled.cancel();
  BOOST_TEST((of_cancel == std::this_thread::get_id()));
  time.advance(1min);
  BOOST_TEST(over.info().ended);
  BOOST_TEST((of_end != std::thread::id{}));
}

/// What a body has: it notes on what thread it goes.
struct gone_note {
  explicit gone_note(std::atomic<int>& on_users, std::atomic<int>& on_ours)
      : users(&on_users), ours(&on_ours) {}
  gone_note(gone_note&& other) noexcept : users(std::exchange(other.users, nullptr)), ours(other.ours) {}
  ~gone_note() {
    if (users)
      ++*(ta::detail::service_thread::is_this() || ta::detail::is_named_as_schedulers() ? ours : users);
  }
  std::atomic<int>* users;
  std::atomic<int>* ours;
};

BOOST_AUTO_TEST_CASE(a_shutdown_destroys_bodies_where_users_code_may_run) {
  std::atomic<int> on_users{0}, on_ours{0};
  const auto add = [&](ta::scheduler& to) {
    for (int i = 0; i < 10; ++i)
      BOOST_TEST(!!to.add({}, parsed("every 1h"), [g = gone_note{on_users, on_ours}] {}));
  };
  {
    ta::task_manager tasks;
    ta::scheduler one{tasks}, other{tasks};
    add(one);
    add(other);
    BOOST_TEST(tasks.shutdown({}).not_ended.empty());
  }
  {
    std::optional<ta::task_manager> tasks{std::in_place};
    ta::scheduler outlives{*tasks};
    add(outlives);
    tasks.reset();
  }
  BOOST_TEST(on_users.load() == 30);
  BOOST_TEST(on_ours.load() == 0);
}

BOOST_AUTO_TEST_CASE(a_manager_that_shuts_down_takes_no_scheduler) {
  virtual_time time;
  (void)time.tasks.shutdown({});
  BOOST_CHECK_EXCEPTION(ta::scheduler{time.tasks}, ta::error,
                        [](const ta::error& why) { return why.code() == ta::errc::stopping; });
}

BOOST_AUTO_TEST_CASE(of_those_that_are_due_together_the_first_that_was_added_begins_first) {
  schedule_world world;
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(!!world.schedules.add({.name = std::to_string(i)}, parsed("every 10s"),
                                     [&names, i] { names.push_back(std::to_string(i)); }));
  world.time.advance(20s);
  BOOST_REQUIRE_EQUAL(names.size(), 100U);
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(names[static_cast<std::size_t>(i)] == std::to_string(i % 50));
}

BOOST_AUTO_TEST_CASE(a_change_counts_the_fires_that_will_not_be) {
  schedule_world world{{.capacity = 0, .max_queue = 1}};
  auto full = world.time.tasks.add_task({}, [] {}).value(); // there is no room until it is over
  const auto h = world.add({.name = "f"}, "every 10s");
  world.time.advance(11s);
  BOOST_TEST(h.info().counts.fired == 0U);
  BOOST_TEST(!!ta::schedule_handle{h}.change(parsed("every 1h")));
  BOOST_TEST(h.info().counts.missed == 1U);
  full.cancel();
  const auto paused = world.add({.name = "p"}, "every 10s");
  (void)ta::schedule_handle{paused}.pause();
  world.time.advance(35s);
  BOOST_TEST(!!ta::schedule_handle{paused}.change(parsed("every 1h")));
  BOOST_TEST(paused.info().counts.skipped >= 3U);
  (void)ta::schedule_handle{paused}.resume(ta::on_resume::make_up);
  world.time.settle();
  BOOST_TEST(paused.info().counts.fired == 0U);
}

BOOST_AUTO_TEST_CASE(who_asks_hears_of_the_run_that_has_just_ended) {
  ta::task_manager tasks;
  ta::scheduler schedules{tasks};
  auto h = schedules.add({.name = "r"}, parsed("every 1h"), [] {}).value();
  for (int i = 0; i < 200; ++i) {
    const auto id = h.run_now();
    BOOST_REQUIRE_MESSAGE(id.has_value(), id.error().message);
    while (h.info().counts.running != 0)
      std::this_thread::yield();
  }
  BOOST_TEST(h.info().counts.fired == 200U);
  BOOST_TEST(h.info().counts.skipped == 0U);
}

BOOST_AUTO_TEST_CASE(after_a_jump_of_the_clock_callers_are_not_held_up_by_all_schedules) {
  schedule_world world;
  const auto host = ta::detail::scheduler_host::start(world.time.tasks);
  std::vector<ta::schedule_handle> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(host->add({.missed = ta::missed_policy::none}, parsed("every 1s"),
                            std::make_shared<ta::detail::typed_schedule_body<void (*)()>>([] {}))
                      .value());
  const auto caught_up = [&] {
    return std::ranges::count_if(all, [](const auto& each) { return each.info().counts.missed != 0; });
  };
  world.time.set_wall(world.time.wall_now() + 24h * 3650); // more than is counted of each
  (void)host->turn();
  BOOST_TEST(caught_up() == 1); // then callers have their turn
  world.time.settle();
  BOOST_TEST(caught_up() == 50);
  host->close("the test is over");
}

BOOST_AUTO_TEST_SUITE_END()
