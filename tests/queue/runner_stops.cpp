// How runners end, and what others do with their jobs: stop, the manager's shutdown, a runner that is lost,
// one that is fenced.
#include "queue/runner_host.hpp"
#include "queue/runner_world.hpp"

#include <taskactor/queue/job.hpp>

#include <boost/test/unit_test.hpp>

#include <caf/all.hpp>

#include <string>
#include <vector>

namespace runner_stops {

using namespace test;

struct log_of_bodies {
  std::vector<std::string> lines;
  ta::task<int> hold(std::string what, std::chrono::seconds time) {
    try {
      lines.push_back(what + " begins");
      co_await ta::sleep_for(time);
      lines.push_back(what + " ends");
    } catch (const ta::cancelled_error&) {
      lines.push_back(what + " is cancelled");
      throw;
    }
    co_return 0;
  }
};

/// As if its process had died: nothing of it comes to the store any more.
void fall_silent(const ta::job_runner& which) {
  caf::anon_send_exit(ta::detail::host_of(which)->actor(), caf::exit_reason::kill);
}

} // namespace runner_stops

BOOST_AUTO_TEST_SUITE(runner_stops)

using namespace ::runner_stops;

BOOST_AUTO_TEST_CASE(stop_lets_end_what_runs_and_gives_back_the_rest) {
  runner_world w;
  log_of_bodies log;
  const job_script::scope bodies{{{"short", [&](int) { return log.hold("short", 5s); }},
                                  {"long", [&](int) { return log.hold("long", 1h); }}}};
  const auto runner = w.run(2);
  const auto brief = w.push("short");
  const auto lasting = w.push("long");
  const auto waiting = w.push("short");
  w.time.advance(1s);
  BOOST_TEST(runner->stop({.drain = 10s, .cancel = 5s}));
  BOOST_TEST((w.state(brief) == ta::job_state::succeeded));
  BOOST_TEST((w.state(lasting) == ta::job_state::ready));
  BOOST_TEST((w.state(waiting) == ta::job_state::ready));
  BOOST_TEST(w.details(lasting).info.losses == 0u);
  BOOST_TEST(w.details(lasting).info.attempts == 0u);
  BOOST_TEST((log.lines
              == std::vector<std::string>{"short begins", "long begins", "short ends", "long is cancelled"}));
  BOOST_TEST(w.jobs.survey().get().value().runners.empty());
  BOOST_TEST(runner->statistics().ended);
  BOOST_TEST(runner->stop()); // again
  const auto next = w.run(4, "next");
  BOOST_TEST(ta::testing::drain(w.time, *next));
  BOOST_TEST((w.state(lasting) == ta::job_state::succeeded));
  BOOST_TEST((w.state(waiting) == ta::job_state::succeeded));
}

BOOST_AUTO_TEST_CASE(stop_and_wait_are_refused_in_a_coroutine_before_anything_is_done) {
  runner_world w;
  const auto runner = w.run(1);
  w.time.settle();
  auto h = w.time.tasks
               .add_task({},
                         [&]() -> ta::task<void> {
                           BOOST_CHECK_THROW(runner->stop(), ta::error);
                           co_return;
                         })
               .value();
  h.get();
  BOOST_TEST(!runner->statistics().ended);
}

BOOST_AUTO_TEST_CASE(the_managers_shutdown_gives_back_what_it_ends) {
  log_of_bodies log;
  const job_script::scope bodies{{{"long", [&](int) { return log.hold("long", 1h); }}}};
  auto w = std::make_unique<runner_world>();
  const auto runner = w->run(1);
  const auto runs = w->push("long");
  const auto waits = w->push("long");
  w->time.advance(1s);
  const auto report = w->time.tasks.shutdown({.drain = 1s, .cancel = 5s});
  BOOST_TEST(report.clean());
  BOOST_TEST(runner->statistics().ended);
  BOOST_TEST((w->state(runs) == ta::job_state::ready));
  BOOST_TEST((w->state(waits) == ta::job_state::ready));
  BOOST_TEST(w->jobs.survey().get().value().runners.empty());
}

BOOST_AUTO_TEST_CASE(a_runner_may_outlive_its_manager) {
  log_of_bodies log;
  const job_script::scope bodies{{{"long", [&](int) { return log.hold("long", 1h); }}}};
  std::unique_ptr<ta::job_runner> runner;
  {
    runner_world w;
    runner = w.run(1);
    w.push("long");
    w.time.advance(1s);
  }
  BOOST_TEST(runner->is_idle());
  BOOST_TEST(runner->statistics().ended);
  (void)runner->stop();
}

BOOST_AUTO_TEST_CASE(jobs_of_a_runner_that_is_lost_begin_anew_after_a_lease) {
  runner_world w;
  log_of_bodies log;
  int calls = 0;
  const job_script::scope bodies{
      {{"long", [&](int) { return log.hold("body " + std::to_string(++calls), 20s); }}}};
  auto lost = w.run(1, "lost");
  const auto job = w.push("long");
  w.time.advance(1s);
  const auto other = w.run(1, "other");
  w.time.advance(1s);
  fall_silent(*lost);
  w.time.advance(25s);
  BOOST_TEST(calls == 1);
  w.time.advance(15s);
  BOOST_TEST(calls == 2);
  BOOST_TEST(ta::testing::drain(w.time, *other));
  const auto details = w.details(job);
  BOOST_TEST((details.info.state == ta::job_state::succeeded));
  BOOST_TEST(details.info.losses == 1u);
  BOOST_TEST(details.info.runner == "other");
  BOOST_TEST(details.attempts.at(0).end == "lost");
  BOOST_TEST(other->statistics().rescued == 1u);
  BOOST_TEST(std::count(log.lines.begin(), log.lines.end(), "body 1 is cancelled") == 1);
}

BOOST_AUTO_TEST_CASE(a_job_under_which_three_runners_die_is_quarantined_and_ran_alone_before) {
  runner_world w;
  log_of_bodies log;
  int now = 0, beside = 0;
  const job_script::scope bodies{{{"kills",
                                   [&](int) -> ta::task<int> {
                                     beside = now;
                                     co_await ta::sleep_for(1h);
                                     co_return 0;
                                   }},
                                  {"short", [&](int) -> ta::task<int> {
                                     ++now;
                                     co_await ta::sleep_for(1s);
                                     co_return --now;
                                   }}}};
  const auto job = w.push("kills");
  std::vector<std::unique_ptr<ta::job_runner>> runners;
  for (int i = 0; i < 3; ++i) {
    runners.push_back(w.run(4, "runner " + std::to_string(i)));
    if (i == 2)
      for (int k = 0; k < 3; ++k)
        w.push("short");
    w.time.advance(60s); // the last one's jobs come back
    if (i == 2)
      BOOST_TEST(beside == 0);
    BOOST_TEST(w.details(job).info.losses == static_cast<std::size_t>(i));
    BOOST_TEST((w.state(job) == ta::job_state::running));
    fall_silent(*runners.back());
  }
  const auto last = w.run(4, "last");
  BOOST_TEST(ta::testing::drain(w.time, *last, 5min));
  w.time.advance(60s);
  BOOST_TEST((w.state(job) == ta::job_state::quarantined));
  BOOST_TEST((w.end_of(job).state() == ta::state::failed));
  BOOST_TEST(ta::testing::drain(w.time, *last));
  BOOST_TEST(w.jobs.survey().get().value().counters.succeeded == 3u);
}

BOOST_AUTO_TEST_CASE(a_body_that_kills_its_runner_at_once_is_quarantined_and_no_other_job_is) {
  runner_world w;
  int deaths = 0;
  std::unique_ptr<ta::job_runner> runner;
  const job_script::scope bodies{{{"kills",
                                   [&](int) -> ta::task<int> {
                                     ++deaths;
                                     fall_silent(*runner); // before the store knows that it has begun
                                     co_await ta::sleep_for(1h);
                                     co_return 0;
                                   }},
                                  {"harmless", [&](int) -> ta::task<int> {
                                     co_await ta::sleep_for(1s);
                                     co_return 0;
                                   }}}};
  const auto job = w.push("kills");
  for (int k = 0; k < 9; ++k)
    w.push("harmless");
  for (int i = 0; i < 12 && w.state(job) != ta::job_state::quarantined; ++i) {
    runner = w.run(3, "runner " + std::to_string(i));
    w.time.advance(90s);
  }
  BOOST_TEST((w.state(job) == ta::job_state::quarantined));
  BOOST_TEST(deaths <= 4); // the first one was silent
  runner = w.run(3, "last");
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  const auto counters = w.jobs.survey().get().value().counters;
  BOOST_TEST(counters.succeeded == 9u);
  BOOST_TEST(counters.quarantined == 1u);
}

BOOST_AUTO_TEST_CASE(the_destructor_gives_back_what_runs) {
  runner_world w;
  log_of_bodies log;
  const job_script::scope bodies{{{"long", [&](int) { return log.hold("long", 1h); }}}};
  auto runner = w.run(1);
  const auto job = w.push("long");
  w.time.advance(1s);
  runner.reset();
  BOOST_TEST((w.state(job) == ta::job_state::ready));
  BOOST_TEST((log.lines == std::vector<std::string>{"long begins", "long is cancelled"}));
}

BOOST_AUTO_TEST_CASE(a_runner_without_jobs_lets_a_tests_clock_come_to_an_end) {
  runner_world w;
  log_of_bodies log;
  const job_script::scope bodies{{{"short", [&](int) { return log.hold("short", 1s); }}}};
  const auto runner = w.run(1);
  w.push("short");
  w.time.run_until_idle();
  BOOST_TEST((w.time.elapsed() < 1min));
  w.time.advance(24h);
  const auto job = w.push("short");
  BOOST_TEST(w.end_of(job).has_value());
  BOOST_TEST(runner->statistics().succeeded == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
