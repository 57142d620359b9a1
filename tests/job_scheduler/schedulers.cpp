// Schedules of a store in virtual time: what users say of them, when their jobs are pushed, who may ruin it.
#include "support/virtual_time.hpp"

#include "job_scheduler/schedule_form.hpp"
#include "queue/schedule_rows.hpp"
#include "queue/store_core.hpp"

#include <taskactor/queue/job_runner.hpp>
#include <taskactor/queue/job_scheduler.hpp>
#include <taskactor/queue/job_schedules.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/sleep.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace schedulers {

using namespace test;
namespace td = ta::detail;

ta::task<std::string> report(std::string of, int seconds) {
  co_await ta::sleep_for(std::chrono::seconds{seconds});
  co_return of;
}
TASKACTOR_REGISTER_AS(report, "schedulers.report");

int registered_nowhere(int number) { return number; }

ta::trigger parsed(const std::string& text) { return ta::trigger::parse(text).value(); }

struct world {
  world() : jobs(time.tasks), schedules(jobs) {}

  std::unique_ptr<ta::job_scheduler> fires() {
    auto made = std::make_unique<ta::job_scheduler>(time.tasks, jobs);
    time.settle();
    return made;
  }
  std::unique_ptr<ta::job_runner> runs(std::size_t slots = 4) {
    auto made = std::make_unique<ta::job_runner>(time.tasks, jobs,
                                                 ta::job_runner_options{.queues = {{"q", slots}}});
    time.settle();
    return made;
  }
  ta::job_schedule_info add(ta::job_schedule_options options, const std::string& trigger, int seconds = 0) {
    auto made = schedules.add(options, parsed(trigger), "q", report, "x", seconds).get();
    BOOST_TEST_REQUIRE(made.has_value(), (made ? "" : made.error().message));
    time.settle();
    return *made;
  }
  ta::job_schedule_info info(const std::string& name) { return schedules.find(name).get().value(); }
  std::size_t jobs_in(ta::job_state state) {
    ta::job_filter which;
    which.states = std::vector{state};
    which.most = 10'000;
    return jobs.list(which).get().value().size();
  }
  /// The seconds of this minute at which jobs were pushed.
  std::vector<int> pushed() {
    ta::job_filter which;
    which.most = 10'000;
    std::vector<int> all;
    const auto found = jobs.list(which).get().value();
    for (const auto& each : found)
      all.push_back(static_cast<int>((each.pushed - start) / 1s));
    std::sort(all.begin(), all.end());
    return all;
  }
  void move_wall(std::chrono::seconds by) {
    time.set_wall(time.wall_now() + by);
    time.settle();
  }

  virtual_time time;
  ta::store jobs;
  ta::job_schedules schedules;
  const ta::store_time start = std::chrono::floor<std::chrono::microseconds>(time.wall_now());
};

int code_of(const ta::rejection& why) { return static_cast<int>(why.code); }
template <class T>
int code_of(const ta::store_call<T>& call) {
  const auto got = call.get();
  return got ? 0 : code_of(got.error());
}

using numbers = std::vector<int>;

} // namespace schedulers

BOOST_FIXTURE_TEST_SUITE(schedulers, ::schedulers::world)

using namespace ::schedulers;

BOOST_AUTO_TEST_CASE(jobs_are_pushed_when_they_are_due_and_run) {
  const auto scheduler = fires();
  const auto runner = runs();
  const auto made = add({.name = "s", .job = {.tags = {"mine"}}}, "every 10s from 2026-01-01T00:00:00Z");
  BOOST_TEST(made.name == "s");
  BOOST_TEST(made.queue == "q");
  BOOST_TEST(made.task == "schedulers.report");
  BOOST_TEST((made.next->nominal == start + 10s));
  time.advance(35s);
  BOOST_TEST(pushed() == (numbers{10, 20, 30}), boost::test_tools::per_element());
  BOOST_TEST(jobs_in(ta::job_state::succeeded) == 3U);
  const auto now = info("s");
  BOOST_TEST(now.counts.fired == 3U);
  BOOST_TEST(now.counts.made_up + now.counts.missed + now.counts.skipped == 0U);
  BOOST_TEST((*now.last == start + 30s));
  BOOST_TEST((now.next->nominal == start + 40s));
  BOOST_TEST(now.open.empty());
  const auto job = jobs.find(1).get().value();
  BOOST_TEST(job.arguments == R"(["x",0])");
  BOOST_TEST(job.info.tags == (std::vector<std::string>{"mine", "schedule:s"}),
             boost::test_tools::per_element());
  BOOST_TEST(scheduler->statistics().fired == 3U);
  BOOST_TEST(jobs.check().get().value() == std::vector<std::string>{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_a_scheduler_nothing_fires_and_what_was_due_is_late) {
  add({.name = "all", .missed = ta::missed_policy::all}, "every 10s from 2026-01-01T00:00:00Z");
  add({.name = "latest", .overlap = ta::overlap_policy::allow}, "every 10s from 2026-01-01T00:00:00Z");
  add({.name = "none", .missed = ta::missed_policy::none}, "every 10s from 2026-01-01T00:00:00Z");
  time.advance(65s);
  BOOST_TEST(pushed().empty());
  const auto scheduler = fires();
  BOOST_TEST(info("all").counts.fired == 1U); // one at once, as `max_instances` says
  BOOST_TEST(info("all").counts.skipped == 5U);
  BOOST_TEST(info("latest").counts.fired == 1U); // 00:60, which isn't ten seconds late
  BOOST_TEST(info("latest").counts.missed == 5U);
  BOOST_TEST(info("none").counts.fired == 1U);
}

BOOST_AUTO_TEST_CASE(the_longest_times_of_its_job_can_be_read_again) {
  for (const auto longest : {ta::no_timeout, ta::no_timeout - 1ns, ta::no_timeout - 1us}) {
    world here;
    const auto fires = here.fires();
    ta::push_options job;
    job.keep = longest;
    job.timeout = longest;
    job.expires = longest;
    job.retry = ta::job_retry{.max_attempts = 2, .backoff = {.first = longest, .max = longest}};
    here.add({.name = "s", .job = job}, "every 10s");
    here.time.advance(10s);
    here.time.settle();
    BOOST_TEST(here.info("s").unreadable == "");
    BOOST_TEST(here.info("s").counts.fired == 1U);
  }
}

BOOST_AUTO_TEST_CASE(several_schedulers_fire_each_time_once) {
  std::vector<std::unique_ptr<ta::job_scheduler>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(fires());
  for (int i = 0; i < 20; ++i)
    add({.name = "s" + std::to_string(i), .overlap = ta::overlap_policy::allow},
        "every 10s from 2026-01-01T00:00:00Z");
  for (int i = 0; i < 10; ++i) {
    time.advance(10s);
    all.erase(all.begin()); // they come and go
    all.push_back(fires());
  }
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(info("s" + std::to_string(i)).counts.fired == 10U);
  BOOST_TEST(pushed().size() == 200U);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set) {
  const auto scheduler = fires();
  add({.name = "s", .overlap = ta::overlap_policy::allow, .missed = ta::missed_policy::all},
      "every 10s from 2026-01-01T00:00:00Z");
  time.advance(25s);
  move_wall(-1h);
  time.advance(1h);
  BOOST_TEST(info("s").counts.fired == 2U); // no time twice
  time.advance(10s);
  BOOST_TEST(info("s").counts.fired == 3U);
  move_wall(1h);
  BOOST_TEST(info("s").counts.fired == 103U); // a hundred at once at most; the last of them is in time
  BOOST_TEST(info("s").counts.missed == 260U);
}

BOOST_AUTO_TEST_CASE(one_waits_for_another_to_end) {
  const auto scheduler = fires();
  const auto runner = runs();
  add({.name = "s", .overlap = ta::overlap_policy::queue_one}, "every 10s from 2026-01-01T00:00:00Z", 16);
  time.advance(25s);
  BOOST_TEST(info("s").open.size() == 1U);
  BOOST_TEST(info("s").waiting);
  time.advance(3s); // the first has ended after 26 s
  BOOST_TEST(info("s").counts.fired == 2U);
  BOOST_TEST(!info("s").waiting);
  BOOST_TEST(info("s").open.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_old_one_is_cancelled_for_the_new_one) {
  const auto scheduler = fires();
  const auto runner = runs();
  add({.name = "s", .overlap = ta::overlap_policy::cancel_old}, "every 10s from 2026-01-01T00:00:00Z", 3600);
  time.advance(25s);
  BOOST_TEST(jobs_in(ta::job_state::cancelled) == 1U);
  BOOST_TEST(info("s").counts.fired == 2U);
  BOOST_TEST(info("s").open.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_pause_and_its_end) {
  const auto scheduler = fires();
  add({.name = "s", .overlap = ta::overlap_policy::allow, .missed = ta::missed_policy::all},
      "every 10s from 2026-01-01T00:00:00Z");
  BOOST_TEST(!schedules.resume("s").get().value());
  BOOST_TEST(schedules.pause("s").get().value());
  BOOST_TEST(!schedules.pause("s").get().value());
  time.advance(35s);
  BOOST_TEST(pushed().empty());
  BOOST_TEST(info("s").paused);
  BOOST_TEST(schedules.resume("s").get().value());
  time.settle();
  BOOST_TEST(info("s").counts.skipped == 3U);
  BOOST_TEST(pushed().empty());
  BOOST_TEST(schedules.pause("s").get().value());
  time.advance(30s);
  BOOST_TEST(schedules.resume("s", ta::on_resume::make_up).get().value());
  time.settle();
  BOOST_TEST(info("s").counts.fired == 3U);
  add({.name = "paused", .paused = true}, "every 10s from 2026-01-01T00:00:00Z");
  time.advance(30s);
  BOOST_TEST(info("paused").counts.fired == 0U);
}

BOOST_AUTO_TEST_CASE(one_can_be_run_now) {
  const auto scheduler = fires();
  add({.name = "s"}, "every 1h from 2026-01-01T00:00:00Z", 60);
  const auto id = schedules.run_now("s").get().value();
  BOOST_TEST(id == 1);
  BOOST_TEST(code_of(schedules.run_now("s")) == static_cast<int>(ta::errc::overlapping));
  BOOST_TEST(info("s").counts.fired == 1U);
  BOOST_TEST(info("s").counts.skipped == 0U); // nothing was written
  BOOST_TEST(!info("s").last);
  add({.name = "queue", .overlap = ta::overlap_policy::queue_one}, "every 1h from 2026-01-01T00:00:00Z", 60);
  BOOST_TEST(schedules.run_now("queue").get().value() == 2);
  BOOST_TEST(schedules.run_now("queue").get().value() == 0);
  BOOST_TEST(info("queue").waiting);
  BOOST_TEST(code_of(schedules.run_now("queue")) == static_cast<int>(ta::errc::overlapping));
  add({.name = "allow", .overlap = ta::overlap_policy::allow, .paused = true},
      "every 1h from 2026-01-01T00:00:00Z");
  BOOST_TEST(schedules.run_now("allow").get().value() == 3);
  BOOST_TEST(schedules.run_now("allow").get().value() == 4);
}

BOOST_AUTO_TEST_CASE(its_trigger_can_be_changed) {
  const auto scheduler = fires();
  add({.name = "s", .overlap = ta::overlap_policy::allow}, "every 1h from 2026-01-01T00:00:00Z");
  const auto next = schedules.change("s", parsed("every 7s from 2026-01-01T00:00:00Z")).get().value();
  BOOST_TEST((next.nominal == start + 7s));
  time.advance(15s);
  BOOST_TEST(pushed() == (numbers{7, 14}), boost::test_tools::per_element());
  BOOST_TEST(info("s").trigger == "every 7s from 2026-01-01T00:00:00Z");
  BOOST_TEST(code_of(schedules.change("s", parsed("at 2020-01-01T00:00:00Z")))
             == static_cast<int>(ta::errc::never));
  time.advance(10s);
  BOOST_TEST(info("s").counts.fired == 3U);
}

BOOST_AUTO_TEST_CASE(what_is_over_goes_and_what_is_removed_fires_no_more) {
  const auto scheduler = fires();
  add({.name = "once"}, "at 2026-01-01T00:00:05Z");
  add({.name = "twice", .overlap = ta::overlap_policy::allow},
      "every 5s from 2026-01-01T00:00:00Z start 2026-01-01T00:00:01Z count 2");
  add({.name = "s"}, "every 5s from 2026-01-01T00:00:00Z");
  BOOST_TEST(schedules.remove("s").get().value());
  time.advance(60s);
  BOOST_TEST(pushed() == (numbers{5, 5, 10}), boost::test_tools::per_element());
  for (const auto* name : {"once", "twice", "s", "", "\xff"}) {
    BOOST_TEST(code_of(schedules.find(name)) == static_cast<int>(ta::errc::unknown_id));
    BOOST_TEST(code_of(schedules.pause(name)) == static_cast<int>(ta::errc::unknown_id));
    BOOST_TEST(code_of(schedules.resume(name)) == static_cast<int>(ta::errc::unknown_id));
    BOOST_TEST(code_of(schedules.run_now(name)) == static_cast<int>(ta::errc::unknown_id));
    BOOST_TEST(code_of(schedules.change(name, parsed("every 5s"))) == static_cast<int>(ta::errc::unknown_id));
    BOOST_TEST(code_of(schedules.remove(name)) == static_cast<int>(ta::errc::unknown_id));
  }
  BOOST_TEST(schedules.list().get().value().empty());
  add({.name = "once"}, "every 1h"); // the name is free
}

BOOST_AUTO_TEST_CASE(they_are_listed_by_name) {
  for (const auto* name : {"b", "a", "\xc3\xa4", "B", "a b"})
    add({.name = name}, "every 1h");
  std::vector<std::string> all;
  for (std::string after;;) {
    const auto page = schedules.list(after, 2).get().value();
    if (page.empty())
      break;
    for (const auto& each : page)
      all.push_back(each.name);
    after = all.back();
  }
  BOOST_TEST(all == (std::vector<std::string>{"B", "a", "a b", "b", "\xc3\xa4"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_by_its_field) {
  using invalid = std::function<void(ta::job_schedule_options&)>;
  const std::pair<const char*, invalid> wrong[] = {
      {"name: ", [](auto& o) { o.name = std::string{}; }},
      {"name: ", [](auto& o) { o.name = std::string(181, 'x'); }},
      {"name: ", [](auto& o) { o.name = std::string{"\xff"}; }},
      {"max_instances: ", [](auto& o) { o.max_instances = 0; }},
      {"most_made_up: ", [](auto& o) { o.most_made_up = 0; }},
      {"most_made_up: ", [](auto& o) { o.most_made_up = 1001; }},
      {"missed_window: ", [](auto& o) { o.missed_window = -1s; }},
      {"on_time: ", [](auto& o) { o.on_time = -1s; }},
      {"overlap: ", [](auto& o) { o.overlap = static_cast<ta::overlap_policy>(9); }},
      {"missed: ", [](auto& o) { o.missed = static_cast<ta::missed_policy>(9); }},
      {"jitter: ", [](auto& o) { o.jitter = -1s; }},
      {"job.delay", [](auto& o) { o.job.delay = 1s; }},
      {"job.delay", [](auto& o) { o.job.at = ta::store_time{}; }},
      {"job.unique", [](auto& o) { o.job.unique.key = std::string{"k"}; }},
      {"priority", [](auto& o) { o.job.priority = 10; }},
  };
  for (const auto& [field, set] : wrong) {
    ta::job_schedule_options options{.name = "s"};
    set(options);
    const auto got = schedules.add(options, parsed("every 1h"), "q", report, "x", 1).get();
    BOOST_TEST_REQUIRE(!got, field);
    BOOST_TEST(code_of(got.error()) == static_cast<int>(ta::errc::invalid_argument), got.error().message);
    BOOST_TEST(got.error().message.find(field) == 0U, got.error().message);
  }
  BOOST_TEST(code_of(schedules.add({.name = "s"}, parsed("every 1h"), "", report, "x", 1))
             == static_cast<int>(ta::errc::invalid_argument));
  BOOST_TEST(code_of(schedules.add({.name = "s"}, parsed("every 1h"), "q", registered_nowhere, 1))
             == static_cast<int>(ta::errc::unknown_task));
  BOOST_TEST(code_of(schedules.add_named({.name = "s"}, parsed("every 1h"), "q", "no.such.task"))
             == static_cast<int>(ta::errc::unknown_task));
  BOOST_TEST(
      code_of(schedules.add_named({.name = "s"}, parsed("every 1h"), "q", "schedulers.report", ta::json{1}))
      == static_cast<int>(ta::errc::bad_arguments));
  BOOST_TEST(code_of(schedules.add({.name = "s"}, parsed("at 2020-01-01T00:00:00Z"), "q", report, "x", 1))
             == static_cast<int>(ta::errc::never));
  add({.name = "s"}, "every 1h");
  BOOST_TEST(code_of(schedules.add({.name = "s"}, parsed("every 1h"), "q", report, "x", 1))
             == static_cast<int>(ta::errc::duplicate_id));
  BOOST_CHECK_EXCEPTION(
      (ta::job_scheduler{time.tasks, jobs, {.poll = 0s}}), ta::error, [](const ta::error& why) {
        return why.code() == ta::errc::invalid_argument && why.message().find("poll: ") == 0U;
      });
  BOOST_TEST(schedules.list().get().value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_row_of_a_later_release_is_left_as_it_is) {
  const auto scheduler = fires();
  auto& core = *td::core_of(jobs);
  td::schedule_row later{
      .name = "later", .stamp = 5, .due = start, .spec = R"({"v":2})", .state = R"({"v":2})"};
  bool done = false;
  td::schedules_of(core).write({{.name = "later", .from = 0, .to = later, .jobs = {}}},
                               [&](const ta::expected<std::vector<td::schedule_written>>& written) {
                                 done = written.value().front().done;
                               });
  BOOST_TEST(done);
  add({.name = "s"}, "every 10s from 2026-01-01T00:00:00Z");
  time.advance(25s);
  BOOST_TEST(info("s").counts.fired == 1U); // the second is skipped: nobody runs the first
  BOOST_TEST(scheduler->statistics().unreadable == 1U);
  const auto said = schedules.find("later").get();
  BOOST_TEST_REQUIRE(!said);
  BOOST_TEST(said.error().message.find("of a later release") != std::string::npos, said.error().message);
  const auto listed = schedules.list().get().value();
  BOOST_REQUIRE_EQUAL(listed.size(), 2U);
  BOOST_TEST(listed[0].name == "later");
  BOOST_TEST(listed[0].unreadable.find("of a later release") != std::string::npos);
  BOOST_TEST(listed[1].unreadable.empty());
  BOOST_TEST(schedules.remove("later").get().value());
  time.settle();
  BOOST_TEST(scheduler->statistics().unreadable == 0U);
}

BOOST_AUTO_TEST_CASE(whoever_waits_is_told_so) {
  add({.name = "s", .overlap = ta::overlap_policy::queue_one}, "every 1h from 2026-01-01T00:00:00Z", 60);
  BOOST_TEST(schedules.run_now("s").get().value() == 1);
  BOOST_TEST(schedules.run_now("s").get().value() == 0);
  BOOST_TEST((jobs.cancel(1).get().value() == ta::control_reply::done)); // no scheduler sees it
  BOOST_TEST(schedules.run_now("s").get().value() == 0);                 // the second begins, the third waits
  BOOST_TEST(info("s").waiting);
  BOOST_TEST(info("s").open == std::vector<ta::job_id>{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(jitter_that_was_given_stays_when_the_trigger_is_changed) {
  add({.name = "s", .jitter = 30min}, "every 1h from 2026-01-01T00:00:00Z");
  bool moved = false;
  for (int hour = 2; hour < 12; ++hour) {
    const auto next = schedules.change("s", parsed("at 2026-01-01T" + std::to_string(hour + 10) + ":00:00Z"))
                          .get()
                          .value();
    moved = moved || next.due > next.nominal;
  }
  BOOST_TEST(moved);
}

BOOST_AUTO_TEST_CASE(events_say_what_happens) {
  std::mutex mutex;
  std::vector<std::string> said;
  const auto watch = time.tasks.observe([&](const ta::task_event& what) {
    if (what.kind < ta::event_kind::schedule_fired || what.kind > ta::event_kind::schedule_ended)
      return;
    const std::lock_guard lock{mutex};
    said.push_back(std::string{ta::to_string(what.kind)} + ' ' + std::string{what.id} + ": "
                   + std::string{what.text});
  });
  const auto scheduler = fires();
  add({.name = "s"}, "every 10s from 2026-01-01T00:00:00Z start 2026-01-01T00:00:01Z count 2");
  time.advance(60s);
  time.settle();
  const std::lock_guard lock{mutex};
  BOOST_TEST(said
                 == (std::vector<std::string>{
                     "schedule fired s: nominal 2026-01-01T00:00:10Z, job 1",
                     "schedule skipped s: nominal 2026-01-01T00:00:20Z: as many run as may at once",
                     "schedule ended s: " + std::string{ta::to_string(ta::no_fire::over)}}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_manager_and_may_outlive_it) {
  std::unique_ptr<ta::job_scheduler> left;
  ta::task_manager other;
  ta::store store{other};
  {
    ta::task_manager tasks;
    left = std::make_unique<ta::job_scheduler>(tasks, store);
    tasks.shutdown();
    BOOST_TEST(left->statistics().ended);
    BOOST_CHECK_THROW((ta::job_scheduler{tasks, store}), ta::error);
  }
  BOOST_TEST(left->statistics().ended);
}

BOOST_AUTO_TEST_SUITE_END()
