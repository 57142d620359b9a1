// Control, in each store: cancel, remove and retry of jobs in each state.
#include "backends.hpp"

namespace store_controls {

using namespace queue_tests;
using ta::control_reply;
using ta::job_state;
using td::claim_end;
using td::control_verb;
using td::end_reply;

} // namespace store_controls

using namespace store_controls;

BOOST_AUTO_TEST_SUITE(store_controls)

BOOST_AUTO_TEST_CASE(cancel_in_each_state) {
  in_each_store([](store_world& at) {
    auto late = at.job();
    late.delay = 1h;
    const auto delayed = at.id_of(late);
    BOOST_TEST(at.control(control_verb::cancel, delayed) == control_reply::done);
    BOOST_TEST(at.control(control_verb::cancel, delayed) == control_reply::ended);
    const auto ready = at.id_of(at.job());
    BOOST_TEST(at.control(control_verb::cancel, ready) == control_reply::done);
    BOOST_CHECK(at.info(ready).ended == at.now);
    const auto running = at.id_of(at.job());
    const auto job = at.claim_one();
    BOOST_TEST(at.beat().to_cancel.empty());
    BOOST_TEST(at.control(control_verb::cancel, running) == control_reply::requested);
    BOOST_TEST(at.control(control_verb::cancel, running) == control_reply::requested);
    BOOST_TEST(at.state(running) == job_state::running);
    BOOST_TEST(at.info(running).cancel_requested);
    for (int i = 0; i < 2; ++i) { // said with each beat, to its runner
      const auto reply = at.beat();
      BOOST_REQUIRE_EQUAL(reply.to_cancel.size(), 1U);
      BOOST_CHECK(reply.to_cancel[0] == std::pair(running, job.token));
      BOOST_TEST(at.beat("other").to_cancel.empty());
    }
    BOOST_TEST(at.finish(job, claim_end::cancelled) == end_reply::done);
    BOOST_TEST(at.state(running) == job_state::cancelled);
    BOOST_TEST(at.control(control_verb::cancel, running) == control_reply::ended);
    BOOST_TEST(at.control(control_verb::cancel, 999'999) == control_reply::unknown);
    BOOST_TEST(at.counters().cancelled == 3U);
    BOOST_TEST(at.claim(9).empty());
  });
}

BOOST_AUTO_TEST_CASE(what_was_to_be_cancelled_does_not_come_again) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(6);
    const auto jobs = at.claim(5);
    const auto lost = at.claim_one("s");
    at.begin(lost, "s");
    for (const auto id : ids)
      BOOST_TEST(at.control(control_verb::cancel, id) == control_reply::requested);
    at.finish(jobs[0], claim_end::retry, 1s);
    at.finish(jobs[1], claim_end::snooze, 1s);
    at.finish(jobs[2], claim_end::released);
    at.finish(jobs[3], claim_end::succeeded); // it was quicker
    at.finish(jobs[4], claim_end::failed);
    at.rescue("s");
    for (const auto i : {0, 1, 2, 5})
      BOOST_TEST(at.state(ids[static_cast<std::size_t>(i)]) == job_state::cancelled);
    BOOST_TEST(at.state(ids[3]) == job_state::succeeded);
    BOOST_TEST(at.state(ids[4]) == job_state::failed);
    BOOST_TEST(at.info(ids[0]).attempts == 1U);
    BOOST_TEST(at.info(ids[5]).losses == 1U);
  });
}

BOOST_AUTO_TEST_CASE(remove_in_each_state) {
  in_each_store([](store_world& at) {
    auto late = at.job();
    late.delay = 1h;
    late.expires = 2h;
    const auto delayed = at.id_of(late);
    late.delay = {};
    const auto ready = at.id_of(late);
    for (const auto id : {delayed, ready}) {
      BOOST_TEST(at.control(control_verb::remove, id) == control_reply::done);
      BOOST_TEST(!at.exists(id));
      BOOST_TEST(at.control(control_verb::remove, id) == control_reply::unknown);
    }
    const auto running = at.id_of(at.job());
    const auto job = at.claim_one();
    BOOST_TEST(at.control(control_verb::remove, running) == control_reply::running);
    at.finish({.id = running, .token = job.token, .how = claim_end::failed, .error = "e"});
    BOOST_TEST(at.control(control_verb::remove, running) == control_reply::done);
    BOOST_TEST(!at.exists(running));
    BOOST_TEST(at.finish(job, claim_end::failed) == end_reply::gone);
    BOOST_TEST(at->list({}).empty());
    const auto reply = at->promote(10);
    BOOST_TEST(reply.promoted + reply.expired == 0U);
    BOOST_CHECK(!reply.next);
  });
}

BOOST_AUTO_TEST_CASE(retry_in_each_state) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.delay = 1h;
    const auto delayed = at.id_of(job);
    BOOST_TEST(at.control(control_verb::retry, delayed) == control_reply::ended);
    job.delay = {};
    job.expires = 10s;
    const auto ids = at.push(4, job); // expired, succeeded, failed, cancelled
    BOOST_TEST(at.control(control_verb::retry, ids[0]) == control_reply::ended);
    const auto jobs = at.claim(4);
    BOOST_TEST(at.control(control_verb::retry, ids[0]) == control_reply::ended);
    at.finish({.id = ids[0], .token = jobs[0].token, .how = claim_end::released, .begun = false});
    at.finish({.id = ids[1], .token = jobs[1].token, .how = claim_end::succeeded, .result = "7"});
    at.finish({.id = ids[2], .token = jobs[2].token, .how = claim_end::failed, .error = "why"});
    at.finish(jobs[3], claim_end::cancelled);
    at.now += 10s;
    BOOST_TEST(at->promote(10).expired == 1U);
    for (const auto id : ids) {
      BOOST_TEST(ta::is_final(at.state(id)));
      BOOST_TEST(at.control(control_verb::retry, id) == control_reply::done);
      const auto all = at.details(id);
      BOOST_TEST(all.info.state == job_state::ready);
      BOOST_TEST(all.info.attempts == 0U);
      BOOST_TEST(!all.info.cancel_requested);
      BOOST_CHECK(!all.info.ended);
      BOOST_CHECK(!all.info.kept_until);
      BOOST_TEST(all.result.empty());
    }
    at.now += 1h + 1min; // neither expired nor pruned
    at->prune(100);
    BOOST_TEST(at->promote(10).expired == 0U);
    BOOST_TEST(at.claim(9).size() == 5U);
    BOOST_TEST(at.details(ids[2]).attempts.size() == 1U); // what was, was
    BOOST_TEST(at.control(control_verb::retry, 999'999) == control_reply::unknown);
  });
}

BOOST_AUTO_TEST_CASE(a_retried_job_takes_its_key_again_or_is_a_duplicate) {
  in_each_store([](store_world& at) {
    const auto first = at.id_of(at.unique("k"));
    at.finish(at.claim_one(), claim_end::failed);
    BOOST_TEST(at.control(control_verb::retry, first) == control_reply::done);
    BOOST_TEST(at.push(at.unique("k")).id == first);
    at.finish(at.claim_one(), claim_end::failed);
    const auto second = at.id_of(at.unique("k"));
    BOOST_TEST(second != first);
    BOOST_TEST(at.control(control_verb::retry, first) == control_reply::duplicate);
    BOOST_TEST(at.state(first) == job_state::failed);
    at.finish(at.claim_one(), claim_end::succeeded);
    BOOST_TEST(at.control(control_verb::retry, first) == control_reply::done);
    BOOST_TEST(at.control(control_verb::retry, second) == control_reply::duplicate);
  });
}

BOOST_AUTO_TEST_CASE(a_job_of_a_period_is_retried_while_the_key_is_its_own_or_nobody_s) {
  in_each_store([](store_world& at) {
    auto job = at.unique("k", ta::unique_until::period);
    job.unique_period = 10s;
    const auto first = at.id_of(job);
    at.finish(at.claim_one(), claim_end::failed);
    BOOST_TEST(at.control(control_verb::retry, first) == control_reply::done);
    at.finish(at.claim_one(), claim_end::failed);
    at.now += 10s;
    BOOST_TEST(at.control(control_verb::retry, first) == control_reply::done);
    at.finish(at.claim_one(), claim_end::failed);
    BOOST_TEST(at.push(job).how == ta::push_result::pushed); // the period was over; the retry hasn't taken it
    BOOST_TEST(at.control(control_verb::retry, first) == control_reply::duplicate);
  });
}

BOOST_AUTO_TEST_CASE(a_set_of_actions_is_done_in_order) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    const std::vector<td::control_action> actions{
        {.verb = control_verb::cancel, .id = id, .name = {}, .capacity = {}, .rate = {}},
        {.verb = control_verb::retry, .id = id, .name = {}, .capacity = {}, .rate = {}},
        {.verb = control_verb::pause, .id = 0, .name = "q", .capacity = {}, .rate = {}},
        {.verb = control_verb::cancel, .id = id, .name = {}, .capacity = {}, .rate = {}},
        {.verb = control_verb::remove, .id = id, .name = {}, .capacity = {}, .rate = {}},
        {.verb = control_verb::cancel, .id = id, .name = {}, .capacity = {}, .rate = {}},
    };
    BOOST_TEST(at->control(actions)
                   == (std::vector{control_reply::done, control_reply::done, control_reply::done,
                                   control_reply::done, control_reply::done, control_reply::unknown}),
               boost::test_tools::per_element());
    BOOST_TEST(at.queue().paused);
  });
}

BOOST_AUTO_TEST_CASE(in_a_restored_copy_no_token_and_no_id_is_given_out_again) {
  in_each_store([](store_world& at) {
    const auto refused = [&](const char* part) {
      BOOST_CHECK_EXCEPTION(at->restored(), ta::error, [&](const ta::error& why) {
        return why.code() == ta::errc::invalid_argument && why.message().find(part) != std::string::npos;
      });
    };
    if (!at.lasts())
      return refused("a store in memory has no copies");
    const auto id = at.id_of(at.job());
    const auto claimed = at.claim_one();
    at.begin(claimed);
    at.now += 29s;
    refused("stop all runners");
    BOOST_TEST(at.state(id) == job_state::running);
    at.now += 1s;
    BOOST_TEST(at->restored() == 1U);
    BOOST_TEST(at.state(id) == job_state::ready);
    BOOST_TEST(at.info(id).losses == 0U);
    BOOST_TEST(at.finish(claimed, claim_end::succeeded) == end_reply::stale);
    BOOST_TEST(at.beat().fenced);
    constexpr std::int64_t most_drawn = std::int64_t{1} << 40;
    const auto again = at.claim_one("s");
    BOOST_TEST(again.id == id);
    BOOST_TEST(again.token > most_drawn);
    BOOST_TEST(at.finish({.id = again.id, .token = again.token, .how = claim_end::succeeded}, "s")
               == end_reply::done);
    BOOST_TEST(at.id_of(at.job()) > most_drawn);
    at.now += 30s;
    BOOST_TEST(at->restored() == 0U);
    BOOST_TEST(at.id_of(at.job()) > 2 * most_drawn);
  });
}

BOOST_AUTO_TEST_SUITE_END()
