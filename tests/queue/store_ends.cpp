// How claims end, in each store: the answers of `finish`, retries, snoozes, releases, what is kept.
#include "backends.hpp"

namespace store_ends {

using namespace queue_tests;
using ta::job_state;
using td::claim_end;
using td::end_reply;

} // namespace store_ends

using namespace store_ends;

BOOST_AUTO_TEST_SUITE(store_ends)

BOOST_AUTO_TEST_CASE(a_job_that_has_succeeded_keeps_its_result) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    at.now += 1s;
    const auto job = at.claim_one();
    BOOST_TEST(job.id == id);
    BOOST_TEST(at.state(id) == job_state::running);
    BOOST_TEST(at.info(id).runner == "r");
    BOOST_CHECK(at.info(id).began == at.now);
    at.now += 1s;
    const std::string result{"nul \0 and \xff\xfe", 12};
    BOOST_TEST(at.finish({.id = id, .token = job.token, .how = claim_end::succeeded, .result = result})
               == end_reply::done);
    if (at.lasts())
      at.reopen();
    const auto all = at.details(id);
    BOOST_TEST(all.info.state == job_state::succeeded);
    BOOST_TEST(all.result == result);
    BOOST_CHECK(all.info.began == at.now - 1s);
    BOOST_CHECK(all.info.ended == at.now);
    BOOST_CHECK(all.info.kept_until == at.now + 1h);
    BOOST_TEST(all.info.runner == "r");
    BOOST_TEST(all.info.attempts == 0U);
    BOOST_TEST(all.info.error.empty());
    BOOST_TEST(all.attempts.empty());
    BOOST_TEST(at.queue().running == 0U);
  });
}

BOOST_AUTO_TEST_CASE(four_answers) {
  in_each_store([](store_world& at) {
    at.push(1);
    auto job = at.claim_one();
    BOOST_TEST(at.finish(job, claim_end::retry, 1s) == end_reply::done);
    BOOST_TEST(at.finish(job, claim_end::retry, 1s) == end_reply::repeated);
    BOOST_TEST(at.info(job.id).attempts == 1U);
    at.now += 1s;
    at->promote(10);
    BOOST_TEST(at.finish(job, claim_end::retry, 1s) == end_reply::repeated);
    const auto again = at.claim_one("s");
    BOOST_TEST(again.token > job.token);
    BOOST_TEST(at.state(job.id) == job_state::running);
    // The first claim's runner comes again, with its old end, or with another: the second one has the job.
    if (at.finish({.id = job.id, .token = again.token + 1, .how = claim_end::succeeded}) != end_reply::stale)
      BOOST_ERROR("a token that wasn't given out has ended a job");
    BOOST_TEST(at.state(job.id) == job_state::running);
    BOOST_TEST(at.finish(again, claim_end::succeeded) == end_reply::done);
    BOOST_TEST(at.finish(again, claim_end::succeeded) == end_reply::repeated);
    BOOST_TEST(at.finish(job, claim_end::succeeded) == end_reply::stale);
    BOOST_TEST(at.state(job.id) == job_state::succeeded);
    job.id += 1000;
    BOOST_TEST(at.finish(job, claim_end::succeeded) == end_reply::gone);
    BOOST_TEST(at.counters().stale == 2U);
    BOOST_TEST(at.counters().succeeded == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_set_of_ends_is_answered_one_by_one) {
  in_each_store([](store_world& at) {
    at.push(3);
    const auto jobs = at.claim(3);
    const std::vector<td::job_end> ends{
        {.id = jobs[2].id, .token = jobs[2].token, .how = claim_end::succeeded},
        {.id = 999'999, .token = 1, .how = claim_end::succeeded},
        {.id = jobs[0].id, .token = jobs[1].token, .how = claim_end::succeeded},
        {.id = jobs[2].id, .token = jobs[2].token, .how = claim_end::failed},
        {.id = jobs[1].id, .token = jobs[1].token, .how = claim_end::failed, .error = "why"},
    };
    BOOST_TEST(at->finish(at.runner(), ends)
                   == (std::vector{end_reply::done, end_reply::gone, end_reply::stale, end_reply::repeated,
                                   end_reply::done}),
               boost::test_tools::per_element());
    BOOST_TEST(at.state(jobs[2].id) == job_state::succeeded);
    BOOST_TEST(at.state(jobs[1].id) == job_state::failed);
    BOOST_TEST(at.state(jobs[0].id) == job_state::running);
    BOOST_TEST(at->finish(at.runner(), {}).empty());
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_left_of_what_is_not_kept) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.row.keep = {};
    const auto ids = at.push(3, job);
    const auto claimed = at.claim_one();
    BOOST_TEST(at.finish(claimed, claim_end::retry) == end_reply::done);
    BOOST_TEST(at.exists(ids[0]));
    for (const auto& each : at.claim(2))
      BOOST_TEST(at.finish(each, claim_end::failed) == end_reply::done);
    for (const auto& each : at.claim(2)) {
      BOOST_TEST(at.finish(each, claim_end::succeeded) == end_reply::done);
      BOOST_TEST(at.finish(each, claim_end::succeeded) == end_reply::gone);
    }
    BOOST_TEST(at->list({}).empty());
    BOOST_TEST(at.counters().succeeded == 1U);
    BOOST_TEST(at.counters().failed == 2U);
    BOOST_CHECK((at.control(td::control_verb::cancel, at.id_of(job)) == ta::control_reply::done));
    BOOST_TEST(at->list({}).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_failed_attempt_is_tried_again_after_its_delay) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    auto job = at.claim_one();
    at.begin(job);
    at.now += 1s;
    BOOST_TEST(at.finish({.id = id,
                          .token = job.token,
                          .how = claim_end::retry,
                          .delay = 10s,
                          .word = "timed out",
                          .error = "too slow"})
               == end_reply::done);
    BOOST_TEST(at.state(id) == job_state::delayed);
    BOOST_CHECK(at.info(id).due == at.now + 10s);
    BOOST_TEST(at.info(id).error == "too slow");
    BOOST_TEST(at.info(id).attempts == 1U);
    at.now += 10s;
    at->promote(10);
    job = at.claim_one();
    BOOST_TEST(job.attempts == 1U);
    at.now += 1s;
    at.finish({.id = id, .token = job.token, .how = claim_end::failed, .word = "failed", .error = "threw"});
    const auto all = at.details(id);
    BOOST_TEST(all.info.state == job_state::failed);
    BOOST_TEST(all.info.error == "threw");
    BOOST_TEST(all.info.attempts == 2U);
    BOOST_REQUIRE_EQUAL(all.attempts.size(), 2U);
    BOOST_TEST(all.attempts[0].number == 1U);
    BOOST_TEST(all.attempts[0].end == "timed out");
    BOOST_TEST(all.attempts[0].error == "too slow");
    BOOST_TEST(all.attempts[0].runner == "r");
    BOOST_CHECK(all.attempts[0].began == at.now - 12s);
    BOOST_CHECK(all.attempts[0].ended == at.now - 11s);
    BOOST_TEST(all.attempts[1].number == 2U);
    BOOST_TEST(all.attempts[1].end == "failed");
    BOOST_TEST(at.counters().retried == 1U);
    BOOST_TEST(at.counters().failed == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_retry_without_delay_is_ready_at_the_end_of_the_line) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(2);
    at.finish(at.claim_one(), claim_end::retry);
    BOOST_TEST(at.state(ids[0]) == job_state::ready);
    BOOST_TEST(ids_of(at.claim(2)) == (std::vector{ids[1], ids[0]}), boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(ten_thousand_snoozes_leave_twenty_attempts) {
  in_each_store([](store_world& at) {
    const std::size_t rounds = at.is_far() ? 300 : 10'000;
    const auto id = at.id_of(at.job());
    for (std::size_t i = 0; i < rounds; ++i) {
      const auto job = at.claim_one();
      BOOST_REQUIRE(at.finish(job, claim_end::snooze, 1s) == end_reply::done);
      at.now += 1s;
      BOOST_REQUIRE(at->promote(10).promoted == 1U);
    }
    const auto all = at.details(id);
    BOOST_TEST(all.info.snoozes == rounds);
    BOOST_TEST(all.info.attempts == 0U);
    BOOST_REQUIRE_EQUAL(all.attempts.size(), td::attempts_kept);
    BOOST_TEST(all.attempts.back().number == rounds);
    BOOST_TEST(all.attempts.front().number == rounds + 1 - td::attempts_kept);
    BOOST_TEST(all.attempts.front().end == "snoozed");
    BOOST_TEST(at.claim_one().snoozes == rounds);
  });
}

BOOST_AUTO_TEST_CASE(a_released_job_is_where_it_was) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(4);
    const auto jobs = at.claim(2);
    BOOST_TEST(at.finish(jobs[1], claim_end::released) == end_reply::done);
    BOOST_TEST(at.finish(jobs[0], claim_end::released) == end_reply::done);
    BOOST_TEST(at.finish(jobs[0], claim_end::released) == end_reply::repeated);
    BOOST_TEST(at.info(ids[0]).attempts == 0U);
    BOOST_TEST(at.details(ids[0]).attempts.empty());
    BOOST_TEST(ids_of(at.claim(4)) == ids, boost::test_tools::per_element());
    BOOST_TEST(at.counters().released == 2U);
    BOOST_TEST(at.counters().claimed == 6U);
  });
}

BOOST_AUTO_TEST_CASE(the_longest_wait_of_a_released_job_goes_on) {
  in_each_store([](store_world& at) {
    at.push(1);
    const auto since = at.now;
    at.now += 1h;
    at.finish(at.claim_one(), claim_end::released);
    BOOST_CHECK(at.queue().oldest_ready == since);
  });
}

BOOST_AUTO_TEST_CASE(quarantined_and_cancelled_by_the_runner) {
  in_each_store([](store_world& at) {
    at.push(2);
    const auto jobs = at.claim(2);
    at.finish({.id = jobs[0].id, .token = jobs[0].token, .how = claim_end::quarantined, .error = "mismatch"});
    at.finish(jobs[1], claim_end::cancelled);
    BOOST_TEST(at.state(jobs[0].id) == job_state::quarantined);
    BOOST_TEST(at.info(jobs[0].id).error == "mismatch");
    BOOST_TEST(at.state(jobs[1].id) == job_state::cancelled);
    BOOST_TEST(at.info(jobs[1].id).attempts == 0U);
    BOOST_TEST(at.counters().quarantined == 1U);
    BOOST_TEST(at.counters().cancelled == 1U);
  });
}

BOOST_AUTO_TEST_CASE(ended_jobs_are_pruned_when_they_need_not_be_kept) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    std::vector<ta::job_id> ids;
    for (int i = 1; i <= 5; ++i) {
      job.row.keep = std::chrono::seconds{10 * i};
      ids.push_back(at.id_of(job));
    }
    for (const auto& each : at.claim(5))
      at.finish(each, claim_end::retry, 0s);
    for (const auto& each : at.claim(5))
      at.finish({.id = each.id, .token = each.token, .how = claim_end::failed, .error = "e"});
    at.now += 10s - 1us;
    BOOST_TEST(at->prune(100) == 0U);
    at.now += 1us;
    BOOST_TEST(at->prune(100) == 1U);
    BOOST_TEST(!at.exists(ids[0]));
    BOOST_TEST(at.exists(ids[1]));
    at.now += 1h;
    BOOST_TEST(at->prune(3) == 3U);
    BOOST_TEST(at->list({}).size() == 1U);
    BOOST_TEST(at->prune(3) == 1U);
    BOOST_TEST(at->prune(3) == 0U);
  });
}

BOOST_AUTO_TEST_CASE(errors_of_64_kib_survive) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    const auto job = at.claim_one();
    std::string error(64 * 1024, 'e');
    error[7] = '\0';
    error[8] = '\xff';
    at.finish({.id = id, .token = job.token, .how = claim_end::failed, .error = error});
    BOOST_TEST(at.info(id).error == error);
    BOOST_TEST(at.details(id).attempts.at(0).error == error);
  });
}

BOOST_AUTO_TEST_SUITE_END()
