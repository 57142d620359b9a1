// What becomes of a job that a runner runs, in virtual time: each way to end, and what its body may ask.
#include "queue/runner_world.hpp"

#include <taskactor/queue/job.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace test {

ta::task<int> scripted(std::string name, int argument) {
  auto body = job_script::of_this_test().find(name);
  const int given = co_await body(argument);
  co_return given;
}

} // namespace test

namespace runners {

using namespace test;

std::string described(std::string text) { return text + "!"; }
std::string endless(int size) { return std::string(static_cast<std::size_t>(size), 'x'); }
ta::task<double> no_number() { co_return std::numeric_limits<double>::quiet_NaN(); }

TASKACTOR_REGISTER_AS(scripted, "scripted");
TASKACTOR_REGISTER_AS(described, "runners.described");
TASKACTOR_REGISTER_AS(endless, "runners.endless");
TASKACTOR_REGISTER_AS(no_number, "runners.no_number");

ta::task<int> twice(int argument) { co_return 2 * argument; }

} // namespace runners

BOOST_AUTO_TEST_SUITE(runners)

using namespace ::runners;

BOOST_AUTO_TEST_CASE(a_value_is_the_jobs_result) {
  runner_world w;
  const job_script::scope bodies{{{"twice", twice}}};
  const auto runner = w.run();
  const auto one = w.push("twice", 21);
  const auto other = w.queue.push(described, "text \"with\" quotes").get().value().job;
  BOOST_TEST(w.end_of(one).value() == 42);
  BOOST_TEST(w.end_of(other).value() == "text \"with\" quotes!");
  BOOST_TEST((w.state(one) == ta::job_state::succeeded));
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  const auto counts = runner->statistics();
  BOOST_TEST(counts.claimed == 2u);
  BOOST_TEST(counts.succeeded == 2u);
  BOOST_TEST(counts.running + counts.at_hand + counts.uncommitted == 0u);
  BOOST_TEST(counts.claim.last_success.has_value());
  BOOST_TEST(counts.beat.last_success.has_value());
  BOOST_TEST(counts.finish.last_error == "");
}

BOOST_AUTO_TEST_CASE(who_waits_in_memory_hears_of_each_end) {
  runner_world w;
  const job_script::scope bodies{{{"fails", [](int) -> ta::task<int> {
                                     co_await ta::sleep_for(1s);
                                     throw std::runtime_error{"no"};
                                     co_return 0;
                                   }}}};
  const auto body = [](ta::job<int> which) -> ta::task<ta::state> {
    const auto how = co_await which.outcome();
    co_return how.state();
  };
  const auto waits
      = [&](const ta::job<int>& which) { return w.time.tasks.add_task({}, body, which).value(); };
  const ta::push_options again{.retry = ta::job_retry{.max_attempts = 3}};
  const auto waiting = w.push("fails"), other = w.push("fails"), brief = w.push("fails", 0, {.expires = 5s});
  auto of_waiting = waits(waiting), of_other = waits(other), of_brief = waits(brief);
  w.time.settle();
  BOOST_TEST((waiting.cancel().get().value() == ta::control_reply::done)); // two, one right after the other
  BOOST_TEST((other.cancel().get().value() == ta::control_reply::done));
  BOOST_TEST((of_waiting.get() == ta::state::cancelled));
  BOOST_TEST((of_other.get() == ta::state::cancelled));
  w.time.advance(6s);
  const auto runner = w.run();
  BOOST_TEST((of_brief.get() == ta::state::timed_out));
  const auto asked = w.push("fails", 0, again); // to end, and fails before its runner knows
  auto of_asked = waits(asked);
  w.time.advance(500ms);
  BOOST_TEST((asked.cancel().get().value() == ta::control_reply::requested));
  BOOST_TEST((of_asked.get() == ta::state::cancelled));
}

BOOST_AUTO_TEST_CASE(what_waits_in_the_store_is_run_when_a_runner_comes) {
  runner_world w;
  const job_script::scope bodies{{{"twice", twice}}};
  const auto job = w.push("twice", 1);
  w.time.settle();
  BOOST_TEST((w.state(job) == ta::job_state::ready));
  const auto runner = w.run();
  BOOST_TEST(w.end_of(job).value() == 2);
}

BOOST_AUTO_TEST_CASE(its_task_has_the_jobs_number_its_claims_token_and_one_attempt) {
  runner_world w;
  std::vector<std::string> ids;
  std::vector<std::uint64_t> tokens, attempts;
  const job_script::scope bodies{{{"asks", [&](int) -> ta::task<int> {
                                     ids.push_back(ta::this_task::id());
                                     tokens.push_back(ta::this_task::fencing_token());
                                     attempts.push_back(ta::this_task::attempt());
                                     BOOST_TEST((ta::this_task::remaining() == ta::no_timeout));
                                     if (tokens.size() < 3)
                                       throw std::runtime_error{"again"};
                                     co_return 0;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push("asks", 0, {.retry = ta::job_retry{.max_attempts = 3}});
  BOOST_TEST(w.end_of(job).has_value());
  BOOST_TEST(ids.size() == 3u);
  BOOST_TEST(ids[0] == "job-" + std::to_string(job.id()));
  BOOST_TEST((tokens[0] < tokens[1] && tokens[1] < tokens[2]));
  BOOST_TEST((attempts == std::vector<std::uint64_t>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_failure_is_tried_again_after_its_backoff_until_no_attempt_is_left) {
  runner_world w;
  std::vector<std::chrono::milliseconds> begun;
  const job_script::scope bodies{{{"fails", [&](int) -> ta::task<int> {
                                     begun.push_back(w.elapsed());
                                     throw std::runtime_error{"no route"};
                                     co_return 0;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push("fails", 0, {.retry = ta::job_retry{.max_attempts = 3, .backoff = {.first = 10s}}});
  const auto how = w.end_of(job);
  BOOST_TEST((how.state() == ta::state::failed));
  BOOST_TEST(how.error().message().find("std::runtime_error: no route") != std::string::npos);
  BOOST_TEST((begun == std::vector<std::chrono::milliseconds>{0s, 10s, 30s}));
  const auto details = w.details(job);
  BOOST_TEST(details.info.attempts == 3u);
  BOOST_TEST(details.attempts.size() == 3u);
  BOOST_TEST(details.attempts[0].end == "failed");
  BOOST_TEST(details.attempts[0].error == "std::runtime_error: no route");
  BOOST_TEST(runner->statistics().retried == 2u);
}

BOOST_AUTO_TEST_CASE(an_attempt_whose_time_is_up_has_failed_and_is_tried_again) {
  runner_world w;
  int attempt = 0;
  const job_script::scope bodies{{{"slow", [&](int) -> ta::task<int> {
                                     if (++attempt == 1)
                                       co_await ta::sleep_for(1h);
                                     co_return attempt;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push(
      "slow", 0, {.timeout = 5s, .retry = ta::job_retry{.max_attempts = 2, .backoff = {.first = 1s}}});
  BOOST_TEST(w.end_of(job).value() == 2);
  BOOST_TEST((w.elapsed() == 6s));
  BOOST_TEST(w.details(job).attempts.at(0).end == "timed out");
}

BOOST_AUTO_TEST_CASE(without_a_timeout_a_body_may_run_for_days) {
  runner_world w{{.default_timeout = 180s}};
  const job_script::scope bodies{{{"days", [&](int) -> ta::task<int> {
                                     co_await ta::sleep_for(72h);
                                     co_return 1;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push("days");
  BOOST_TEST(w.end_of(job).value() == 1);
  BOOST_TEST(runner->statistics().claimed == 1u);
}

BOOST_AUTO_TEST_CASE(retry_after_is_no_attempt_and_forbid_retry_is_the_last_one) {
  runner_world w;
  int calls = 0;
  const job_script::scope bodies{{{"snoozes",
                                   [&](int) -> ta::task<int> {
                                     BOOST_TEST(ta::this_task::attempt() == 1u);
                                     if (++calls < 5)
                                       ta::this_task::retry_after(1min, "busy");
                                     co_return calls;
                                   }},
                                  {"gives up", [&](int) -> ta::task<int> {
                                     ta::this_task::forbid_retry();
                                     throw std::runtime_error{"never"};
                                     co_return 0;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push("snoozes");
  const auto other = w.push("gives up", 0, {.retry = ta::job_retry{.max_attempts = 10}});
  BOOST_TEST(w.end_of(job).value() == 5);
  BOOST_TEST((w.elapsed() == 4min));
  const auto details = w.details(job);
  BOOST_TEST(details.info.snoozes == 4u);
  BOOST_TEST(details.info.attempts == 0u);
  BOOST_TEST((w.state(other) == ta::job_state::failed));
  BOOST_TEST(w.details(other).info.attempts == 1u);
}

BOOST_AUTO_TEST_CASE(what_can_never_be_run_has_failed_for_good) {
  runner_world w;
  const auto runner = w.run();
  const ta::push_options often{.retry = ta::job_retry{.max_attempts = 10}};
  const auto wrong = w.queue.push_unchecked(often, "runners.described", {1, 2}).get().value().job;
  const auto large = w.queue.push(often, endless, (1 << 20) + 1).get().value().job;
  const auto none = w.queue.push(often, no_number).get().value().job;
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  const auto error_of = [&](ta::job_id id) { return w.jobs.find(id).get().value().info.error; };
  BOOST_TEST(error_of(wrong.id()).find("runners.described") != std::string::npos);
  BOOST_TEST(error_of(large.id()).find("1048579") != std::string::npos);
  BOOST_TEST(error_of(none.id()).find("NaN") != std::string::npos);
  BOOST_TEST(runner->statistics().failed == 3u);
  BOOST_TEST(runner->statistics().retried == 0u);
}

BOOST_AUTO_TEST_CASE(what_no_runner_knows_stays_and_holds_up_nobody) {
  runner_world w;
  const job_script::scope bodies{{{"twice", twice}}};
  const auto unknown = w.queue.push_unchecked({}, "runners.of_another_program").get().value().job;
  const auto runner = w.run();
  const auto job = w.push("twice", 4);
  BOOST_TEST(w.end_of(job).value() == 8);
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  BOOST_TEST((unknown.info().get().value().state == ta::job_state::ready));
}

BOOST_AUTO_TEST_CASE(a_long_error_is_cut_between_two_characters) {
  runner_world w;
  const job_script::scope bodies{{{"fails", [&](int) -> ta::task<int> {
                                     std::string text;
                                     while (text.size() < 100'000)
                                       text += "\u00e4"; // of two bytes
                                     throw std::runtime_error{text};
                                     co_return 0;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push("fails");
  BOOST_TEST(!w.end_of(job).has_value());
  const auto error = w.details(job).info.error;
  BOOST_TEST(error.size() <= 65536u);
  BOOST_TEST(error.size() > 65000u);
  BOOST_TEST(error.ends_with("\u00e4 ..."));
}

BOOST_AUTO_TEST_CASE(progress_and_the_mark_of_a_begun_body_come_to_the_store) {
  runner_world w;
  const job_script::scope bodies{{{"counts", [&](int) -> ta::task<int> {
                                     ta::this_task::report_progress(1, 2, "half");
                                     co_await ta::sleep_for(1min);
                                     ta::this_task::report_progress(2, 2);
                                     co_return 0;
                                   }}}};
  const auto runner = w.run();
  const auto job = w.push("counts");
  w.time.advance(2s);
  const auto info = w.details(job).info;
  BOOST_TEST((info.state == ta::job_state::running));
  BOOST_TEST(info.progress_done == 1u);
  BOOST_TEST(info.progress_total == 2u);
  BOOST_TEST(info.progress_text == "half");
  BOOST_TEST(info.began.has_value());
  BOOST_TEST(w.time.tasks.find("job-" + std::to_string(job.id())).has_value());
  BOOST_TEST(ta::testing::drain(w.time, *runner));
}

BOOST_AUTO_TEST_CASE(a_full_manager_is_waited_for) {
  runner_world w{{.max_queue = 2}};
  int at_once = 0, most = 0;
  const job_script::scope bodies{{{"counts", [&](int) -> ta::task<int> {
                                     most = std::max(most, ++at_once);
                                     co_await ta::sleep_for(1s);
                                     co_return --at_once;
                                   }}}};
  const auto runner = w.run(8);
  std::vector<ta::job<int>> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(w.push("counts"));
  BOOST_TEST(ta::testing::drain(w.time, *runner));
  for (const auto& each : all)
    BOOST_TEST((w.state(each) == ta::job_state::succeeded));
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(options_that_cant_work_are_refused_by_name) {
  virtual_time time;
  const ta::store jobs{time.tasks};
  const auto refusal = [&](ta::job_runner_options options) -> std::string {
    try {
      const ta::job_runner runner{time.tasks, jobs, std::move(options)};
      return {};
    } catch (const ta::error& why) {
      BOOST_TEST((why.code() == ta::errc::invalid_argument));
      return why.message();
    }
  };
  BOOST_TEST(refusal({}).find("queues") == 0u);
  BOOST_TEST(refusal({.queues = {{"a", 0}}}).find("\"a\"") != std::string::npos);
  BOOST_TEST(refusal({.queues = {{"a", 1}, {"a", 2}}}).find("twice") != std::string::npos);
  BOOST_TEST(refusal({.queues = {{"", 1}}}).find("queues") == 0u);
  BOOST_TEST(refusal({.queues = {{"a", 1}}, .lease = 10s}).find("fence") == 0u);
  BOOST_TEST(refusal({.queues = {{"a", 1}}, .lease = 26s}).empty()); // 20 s, 5 s of grace, and one
  BOOST_TEST(refusal({.queues = {{"a", 1}}, .lease = 26s - 1ns}).find("fence") == 0u);
  BOOST_TEST(refusal({.queues = {{"a", 1}}, .beat = 20s}).find("beat") == 0u);
  BOOST_TEST(refusal({.queues = {{"a", 1}}, .poll = 0s}).find("poll") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
