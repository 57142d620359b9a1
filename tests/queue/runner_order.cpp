// Which jobs run when: slots, limits, priorities, shares, pauses, delays, unique keys, and a whole day.
#include "queue/runner_world.hpp"

#include <taskactor/queue/job.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace runner_order {

using namespace test;

struct gauge {
  int now = 0, most = 0;
  ta::task<int> hold(std::chrono::seconds time) {
    most = std::max(most, ++now);
    co_await ta::sleep_for(time);
    --now;
    co_return 0;
  }
};

} // namespace runner_order

BOOST_AUTO_TEST_SUITE(runner_order)

using namespace ::runner_order;

BOOST_AUTO_TEST_CASE(as_many_run_at_once_as_there_are_slots) {
  runner_world w;
  gauge slots;
  const job_script::scope bodies{{{"holds", [&](int) { return slots.hold(10s); }}}};
  const auto runner = w.run(3);
  for (int i = 0; i < 12; ++i)
    w.push("holds");
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST(slots.most == 3);
  BOOST_TEST(runner->statistics().succeeded == 12u);
  BOOST_TEST((w.time.elapsed() < 41s));
}

BOOST_AUTO_TEST_CASE(a_limit_holds_over_two_runners) {
  runner_world w;
  gauge one;
  const job_script::scope bodies{{{"holds", [&](int) { return one.hold(10s); }}}};
  BOOST_TEST((w.jobs.set_limit("db", {.capacity = 1}).get().value() == ta::control_reply::done));
  const auto first = w.run(4, "first");
  const auto second = w.run(4, "second");
  for (int i = 0; i < 8; ++i)
    w.push("holds", 0, {.limits = {{.name = "db"}}});
  BOOST_TEST(ta::testing::drain(w.time, *first));
  BOOST_TEST(ta::testing::drain(w.time, *second));
  BOOST_TEST(one.most == 1);
  const auto a = first->statistics(), b = second->statistics();
  BOOST_TEST(a.succeeded + b.succeeded == 8u);
  BOOST_TEST((w.time.elapsed() < 90s)); // a slot is filled as soon as the limit has room
}

BOOST_AUTO_TEST_CASE(the_smaller_number_goes_first) {
  runner_world w;
  std::vector<int> order;
  const job_script::scope bodies{{{"notes", [&](int priority) -> ta::task<int> {
                                     order.push_back(priority);
                                     co_return 0;
                                   }}}};
  for (const int priority : {7, 1, 9, 4, 0})
    w.push("notes", priority, {.priority = priority});
  const auto runner = w.run(1);
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST((order == std::vector<int>{0, 1, 4, 7, 9}));
}

BOOST_AUTO_TEST_CASE(a_tenant_with_many_jobs_doesnt_keep_another_waiting) {
  runner_world w;
  std::vector<int> order;
  const job_script::scope bodies{{{"notes", [&](int tenant) -> ta::task<int> {
                                     order.push_back(tenant);
                                     co_await ta::sleep_for(1s);
                                     co_return 0;
                                   }}}};
  for (int i = 0; i < 20; ++i)
    w.push("notes", 1, {.fairness_key = "one"});
  for (int i = 0; i < 4; ++i)
    w.push("notes", 2, {.fairness_key = "two"});
  const auto runner = w.run(2);
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST(order.size() == 24u);
  BOOST_TEST(std::count(order.begin(), order.begin() + 10, 2) >= 3);
}

BOOST_AUTO_TEST_CASE(nothing_of_a_paused_queue_begins) {
  runner_world w;
  gauge slots;
  const job_script::scope bodies{{{"holds", [&](int) { return slots.hold(1s); }}}};
  const auto runner = w.run(1);
  BOOST_TEST((w.jobs.pause("work").get().value() == ta::control_reply::done));
  const auto job = w.push("holds");
  w.time.advance(1h);
  BOOST_TEST((w.state(job) == ta::job_state::ready));
  BOOST_TEST((w.jobs.resume("work").get().value() == ta::control_reply::done));
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST((w.state(job) == ta::job_state::succeeded));
}

BOOST_AUTO_TEST_CASE(a_delayed_job_begins_at_its_time) {
  runner_world w;
  std::vector<std::chrono::milliseconds> begun;
  const job_script::scope bodies{{{"notes", [&](int) -> ta::task<int> {
                                     begun.push_back(w.elapsed());
                                     co_return 0;
                                   }}}};
  const auto runner = w.run(1);
  w.push("notes", 0, {.delay = 5h});
  w.push("notes", 0, {.delay = 90s});
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST((begun == std::vector<std::chrono::milliseconds>{90s, 5h}));
}

BOOST_AUTO_TEST_CASE(what_hasnt_begun_in_time_expires) {
  runner_world w;
  gauge slots;
  const job_script::scope bodies{{{"holds", [&](int) { return slots.hold(1h); }}}};
  const auto runner = w.run(1);
  const auto first = w.push("holds");
  const auto late = w.push("holds", 0, {.expires = 10min});
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST((w.state(first) == ta::job_state::succeeded));
  BOOST_TEST((w.state(late) == ta::job_state::expired));
  BOOST_TEST((w.end_of(late).state() == ta::state::timed_out));
}

BOOST_AUTO_TEST_CASE(a_key_until_the_start_is_free_when_its_job_runs) {
  runner_world w;
  gauge slots;
  const job_script::scope bodies{{{"holds", [&](int) { return slots.hold(10s); }}}};
  const ta::push_options once{.unique = {.key = "k", .until = ta::unique_until::started}};
  const auto push = [&] { return w.queue.push(once, scripted, std::string{"holds"}, 0).get().value().how; };
  const auto runner = w.run(1);
  BOOST_TEST((push() == ta::push_result::pushed));
  BOOST_TEST((push() == ta::push_result::duplicate));
  w.time.advance(1s);
  BOOST_TEST((push() == ta::push_result::pushed));
  BOOST_TEST((push() == ta::push_result::duplicate));
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST(runner->statistics().succeeded == 2u);
}

BOOST_AUTO_TEST_CASE(a_waiting_job_is_cancelled_at_once_and_a_running_one_by_its_runner) {
  runner_world w;
  gauge slots;
  const job_script::scope bodies{{{"holds", [&](int) { return slots.hold(24h); }}}};
  const auto runner = w.run(1);
  const auto runs = w.push("holds");
  const auto waits = w.push("holds");
  w.time.advance(1s);
  BOOST_TEST((waits.cancel().get().value() == ta::control_reply::done));
  BOOST_TEST((w.state(waits) == ta::job_state::cancelled));
  BOOST_TEST((runs.cancel().get().value() == ta::control_reply::requested));
  w.time.advance(6s);
  BOOST_TEST((w.state(runs) == ta::job_state::cancelled));
  BOOST_TEST((w.end_of(runs).state() == ta::state::cancelled));
  BOOST_TEST((runs.cancel().get().value() == ta::control_reply::ended));
}

BOOST_AUTO_TEST_CASE(a_task_that_is_cancelled_in_its_manager_is_a_cancelled_job) {
  runner_world w;
  gauge slots;
  const job_script::scope bodies{{{"holds", [&](int) { return slots.hold(24h); }}}};
  const auto runner = w.run(1);
  const auto job = w.push("holds", 0, {.retry = ta::job_retry{.max_attempts = 5}});
  w.time.settle();
  w.time.tasks.cancel_task("job-" + std::to_string(job.id()));
  w.time.settle();
  BOOST_TEST((w.state(job) == ta::job_state::cancelled));
}

BOOST_AUTO_TEST_CASE(a_day_of_jobs_that_fail_now_and_then_comes_to_its_end) {
  runner_world w;
  constexpr int count = 1000;
  std::map<int, int> tries;
  const job_script::scope bodies{{{"works", [&](int which) -> ta::task<int> {
                                     co_await ta::sleep_for(std::chrono::seconds{1 + which % 40});
                                     if (++tries[which] <= which % 3)
                                       throw std::runtime_error{"not yet"};
                                     co_return which;
                                   }}}};
  const auto first = w.run(4, "first");
  const auto second = w.run(8, "second");
  for (int i = 0; i < count; ++i)
    w.push("works", i,
           {.delay = std::chrono::seconds{(i * 86) % 86'400},
            .priority = i % 10,
            .retry = ta::job_retry{.max_attempts = 3, .backoff = {.first = 1min}}});
  BOOST_TEST(ta::testing::drain(w.time, *first, 30h));
  BOOST_TEST(ta::testing::drain(w.time, *second, 1h));
  BOOST_TEST(first->statistics().succeeded + second->statistics().succeeded == std::size_t{count});
  BOOST_TEST(first->statistics().stale + second->statistics().stale == 0u);
  for (int i = 0; i < count; ++i)
    BOOST_REQUIRE(tries[i] == i % 3 + 1);
  BOOST_TEST((w.time.elapsed() > 23h));
  BOOST_TEST(w.jobs.check().get().value().empty());
}

BOOST_AUTO_TEST_SUITE_END()
