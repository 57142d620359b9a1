// Pushes, in each store: sets, requests that come again, times, unique keys.
#include "backends.hpp"

namespace store_pushes {

using namespace queue_tests;
using ta::job_state;
using ta::on_taken;
using ta::push_result;
using ta::unique_until;

} // namespace store_pushes

using namespace store_pushes;

BOOST_AUTO_TEST_SUITE(store_pushes)

BOOST_AUTO_TEST_CASE(a_set_has_an_answer_for_each_in_order) {
  in_each_store([](store_world& at) {
    std::vector<td::new_job> jobs{at.job("a"), at.unique("k"), at.job("b"), at.unique("k")};
    const auto replies = at->push(jobs);
    BOOST_REQUIRE_EQUAL(replies.size(), 4U);
    BOOST_TEST(replies[0].id < replies[1].id);
    BOOST_TEST(replies[1].id < replies[2].id);
    BOOST_TEST(replies[3].id == replies[1].id);
    BOOST_TEST(replies[2].how == push_result::pushed);
    BOOST_TEST(replies[3].how == push_result::duplicate);
    BOOST_TEST(at.info(replies[2].id).task == "b");
    BOOST_TEST(at->push({}).empty());
    BOOST_TEST(at.counters().pushed == 3U);
    BOOST_TEST(at.counters().duplicates == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_job_is_as_it_was_pushed) {
  in_each_store([](store_world& at) {
    auto job = at.job("a", "mail");
    job.row.arguments = "[1,\"\xc3\xa4\"]";
    job.row.priority = 7;
    job.row.timeout = 3s;
    job.row.retry = {.max_attempts = 4, .backoff = {.first = 2s, .factor = 1.5, .max = 9s, .jitter = 1ns}};
    job.row.limits = {{"db", "", 1}, {"host", "x;y", 2}, {"host", "z", 3}};
    job.row.fairness_key = "ann";
    job.row.tags = {"one", "t,w\"o", ""};
    job.row.trace = "00-trace";
    job.row.version = "v2";
    job.expires = 1h;
    const auto id = at.id_of(job);
    const auto all = at.details(id);
    BOOST_TEST(all.info.queue == "mail");
    BOOST_TEST(all.info.state == job_state::ready);
    BOOST_TEST(all.info.priority == 7);
    BOOST_TEST(all.info.fairness_key == "ann");
    BOOST_TEST(all.info.tags == job.row.tags, boost::test_tools::per_element());
    BOOST_CHECK(all.info.pushed == at.now);
    BOOST_CHECK(all.info.expires == at.now + 1h);
    BOOST_TEST(all.arguments == job.row.arguments);
    BOOST_CHECK(all.timeout == ta::time_span{3s});
    BOOST_TEST(all.retry.max_attempts == 4U);
    BOOST_CHECK(all.retry.backoff.first == 2s && all.retry.backoff.max == 9s
                && all.retry.backoff.jitter == 1ns);
    BOOST_TEST(all.retry.backoff.factor == 1.5);
    BOOST_TEST(all.trace == "00-trace");
    BOOST_TEST(all.version == "v2");
    BOOST_REQUIRE_EQUAL(all.limits.size(), 3U);
    BOOST_TEST(all.limits[1].name == "host");
    BOOST_TEST(all.limits[1].key == "x;y");
    BOOST_TEST(all.limits[1].tokens == 2U);
    at.known = std::make_shared<const td::known_tasks>(td::known_tasks{{"a", "v2"}});
    const auto claimed = at.ask({{.queue = "mail", .free = 1}}).jobs;
    BOOST_REQUIRE_EQUAL(claimed.size(), 1U);
    const auto& row = claimed[0].row;
    BOOST_TEST(row.arguments == job.row.arguments);
    BOOST_CHECK(row.timeout == job.row.timeout);
    BOOST_TEST(row.retry.max_attempts == 4U);
    BOOST_TEST(row.limits.size() == 3U);
    BOOST_TEST(row.trace == "00-trace");
    BOOST_TEST(row.fairness_key == "ann");
    BOOST_TEST(row.tags == job.row.tags, boost::test_tools::per_element());
    BOOST_CHECK(row.keep == job.row.keep);
    BOOST_CHECK(claimed[0].pushed == at.now);
  });
}

BOOST_AUTO_TEST_CASE(a_request_that_comes_again_gets_its_first_answer_for_a_day) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.request = std::string{"\0 16 bytes\xff;'\"x", 16};
    const auto first = at.push(job);
    at.now += 23h;
    at->prune(1000);
    const auto again = at.push(job);
    BOOST_TEST(again.id == first.id);
    BOOST_TEST(again.how == push_result::pushed);
    BOOST_TEST(at.queue().ready == 1U);
    auto other = at.job();
    other.request = std::string{"\0 16 bytes\xff;'\"y", 16};
    BOOST_TEST(at.push(other).id != first.id);
    at.now += 2 * 24h; // two days of the calendar, too
    at->prune(1000);
    BOOST_TEST(at.push(job).id != first.id);
  });
}

BOOST_AUTO_TEST_CASE(a_request_of_a_job_that_is_gone_does_not_run_it_again) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.row.keep = {};
    job.request = "0123456789abcdef";
    const auto id = at.id_of(job);
    BOOST_TEST(at.finish(at.claim_one(), td::claim_end::succeeded) == td::end_reply::done);
    BOOST_TEST(!at.exists(id));
    BOOST_TEST(at.push(job).id == id);
    BOOST_TEST(at.claim(5).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_request_that_was_a_duplicate_stays_one) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.unique("k"));
    auto job = at.unique("k");
    job.request = "0123456789abcdef";
    BOOST_TEST(at.push(job).how == push_result::duplicate);
    BOOST_TEST(at.finish(at.claim_one(), td::claim_end::succeeded) == td::end_reply::done);
    const auto again = at.push(job);
    BOOST_TEST(again.id == id);
    BOOST_TEST(again.how == push_result::duplicate);
  });
}

// -- times ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_delayed_job_is_ready_when_its_time_comes) {
  in_each_store([](store_world& at) {
    auto late = at.job(), later = at.job(), past = at.job();
    late.delay = 10s;
    later.at = at.now + 20s;
    past.at = at.now - 20s;
    const auto first = at.id_of(later), second = at.id_of(late), third = at.id_of(past);
    BOOST_TEST(at.state(third) == job_state::ready);
    BOOST_TEST(at.state(first) == job_state::delayed);
    BOOST_CHECK(at.info(first).due == at.now + 20s);
    auto reply = at->promote(100);
    BOOST_TEST(reply.promoted == 0U);
    BOOST_CHECK(reply.next == 10s);
    at.now += 10s - 1us;
    BOOST_TEST(at->promote(100).promoted == 0U);
    at.now += 1us;
    BOOST_TEST(at->promote(100).promoted == 1U);
    BOOST_TEST(at.state(second) == job_state::ready);
    BOOST_CHECK(!at.info(second).due);
    at.now += 1h;
    reply = at->promote(100);
    BOOST_TEST(reply.promoted == 1U);
    BOOST_CHECK(!reply.next);
    BOOST_TEST(ids_of(at.claim(9)) == (std::vector{third, second, first}), boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(promoted_are_at_most_so_many_the_first_that_are_due_first) {
  in_each_store([](store_world& at) {
    std::vector<ta::job_id> ids;
    for (int i = 0; i < 10; ++i) {
      auto job = at.job();
      job.delay = std::chrono::seconds{100 - i};
      ids.push_back(at.id_of(job));
    }
    at.now += 1h;
    auto reply = at->promote(4);
    BOOST_TEST(reply.promoted == 4U);
    BOOST_TEST(reply.more);
    BOOST_TEST(ids_of(at.claim(9)) == (std::vector{ids[9], ids[8], ids[7], ids[6]}),
               boost::test_tools::per_element());
    reply = at->promote(7);
    BOOST_TEST(reply.promoted == 6U);
    BOOST_TEST(!reply.more);
  });
}

BOOST_AUTO_TEST_CASE(what_is_too_far_away_is_never) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.delay = td::store_duration::max();
    job.expires = td::store_duration::max();
    job.row.keep = td::store_duration::max();
    const auto id = at.id_of(job);
    at.now += 24h * 365 * 100;
    BOOST_TEST(at->promote(10).promoted == 0U);
    BOOST_TEST(at.state(id) == job_state::delayed);
    job.delay = {};
    const auto kept = at.id_of(job);
    BOOST_TEST(at.finish(at.claim_one(), td::claim_end::succeeded) == td::end_reply::done);
    at.now += 24h * 365 * 100;
    at->prune(10);
    BOOST_TEST(at.state(kept) == job_state::succeeded);
  });
}

BOOST_AUTO_TEST_CASE(what_has_not_begun_in_time_expires) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.expires = 10s;
    const auto ready = at.id_of(job);
    job.delay = 1h;
    const auto delayed = at.id_of(job);
    job.expires = 2h;
    const auto in_time = at.id_of(job);
    BOOST_CHECK(at->promote(10).next == 10s);
    at.now += 10s;
    auto reply = at->promote(1);
    BOOST_TEST(reply.expired == 1U);
    BOOST_TEST(reply.more);
    BOOST_TEST(at->promote(10).expired == 1U);
    BOOST_TEST(at.state(ready) == job_state::expired);
    BOOST_TEST(at.state(delayed) == job_state::expired);
    BOOST_TEST(at.state(in_time) == job_state::delayed);
    BOOST_CHECK(at.info(ready).ended == at.now);
    BOOST_TEST(at.counters().expired == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_claim_does_not_give_what_has_expired) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.expires = 10s;
    const auto ids = at.push(3, job);
    const auto good = at.id_of(at.job());
    at.now += 10s;
    const auto reply = at.ask({{.queue = "q", .free = 2}});
    BOOST_TEST(ids_of(reply.jobs) == std::vector{good}, boost::test_tools::per_element());
    BOOST_TEST(reply.expired == 3U);
    BOOST_TEST(at.state(ids[0]) == job_state::expired);
    BOOST_TEST(at.claim(5).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_body_that_has_begun_does_not_expire) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.expires = 10s;
    const auto begun = at.id_of(job), claimed = at.id_of(job), retried = at.id_of(job);
    const auto jobs = at.claim(3);
    BOOST_REQUIRE_EQUAL(jobs.size(), 3U);
    at.begin(jobs[0]);
    at.now += 10s;
    BOOST_TEST(at->promote(10).expired == 0U);
    BOOST_TEST(at.finish({.id = begun, .token = jobs[0].token, .how = td::claim_end::released})
               == td::end_reply::done);
    BOOST_TEST(
        at.finish({.id = claimed, .token = jobs[1].token, .how = td::claim_end::released, .begun = false})
        == td::end_reply::done);
    BOOST_TEST(at.finish(jobs[2], td::claim_end::retry, 5s) == td::end_reply::done);
    at.now += 1h;
    const auto reply = at->promote(10);
    BOOST_TEST(reply.expired == 1U);
    BOOST_TEST(reply.promoted == 1U);
    BOOST_TEST(at.state(begun) == job_state::ready);
    BOOST_TEST(at.state(claimed) == job_state::expired);
    BOOST_TEST(at.state(retried) == job_state::ready);
  });
}

// -- unique keys ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_key_is_taken_until_its_job_has_ended) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.unique("k"));
    const auto taken = [&] { return at.push(at.unique("k")).how == push_result::duplicate; };
    BOOST_TEST(taken());
    auto other = at.unique("k");
    other.unique_scope = "other scope";
    BOOST_TEST(at.push(other).how == push_result::pushed);
    auto claimed = at.claim_one();
    BOOST_TEST(claimed.id == id);
    BOOST_TEST(taken());
    BOOST_TEST(at.finish(claimed, td::claim_end::retry, 1s) == td::end_reply::done);
    BOOST_TEST(taken());
    at.now += 1s;
    at->promote(10);
    claimed = at.claim(2).back();
    BOOST_TEST(claimed.id == id);
    BOOST_TEST(at.finish(claimed, td::claim_end::failed) == td::end_reply::done);
    const auto next = at.push(at.unique("k"));
    BOOST_TEST(next.how == push_result::pushed);
    BOOST_TEST(at.control(td::control_verb::cancel, next.id) == ta::control_reply::done);
    const auto third = at.push(at.unique("k"));
    BOOST_TEST(third.how == push_result::pushed);
    BOOST_TEST(at.control(td::control_verb::remove, third.id) == ta::control_reply::done);
    BOOST_TEST(at.push(at.unique("k")).how == push_result::pushed);
  });
}

BOOST_AUTO_TEST_CASE(a_key_is_taken_until_its_job_is_claimed) {
  in_each_store([](store_world& at) {
    at.push(at.unique("k", unique_until::started));
    BOOST_TEST(at.push(at.unique("k", unique_until::started)).how == push_result::duplicate);
    const auto claimed = at.claim_one();
    const auto next = at.push(at.unique("k", unique_until::started));
    BOOST_TEST(next.how == push_result::pushed);
    BOOST_TEST(at.finish(claimed, td::claim_end::succeeded) == td::end_reply::done);
    BOOST_TEST(at.push(at.unique("k")).id == next.id); // its end doesn't take the next one's key
  });
}

BOOST_AUTO_TEST_CASE(a_key_is_taken_for_a_period_whatever_becomes_of_its_job) {
  in_each_store([](store_world& at) {
    auto job = at.unique("k", unique_until::period);
    job.unique_period = 10s;
    job.row.keep = {};
    const auto id = at.id_of(job);
    BOOST_TEST(at.finish(at.claim_one(), td::claim_end::succeeded) == td::end_reply::done);
    BOOST_TEST(!at.exists(id));
    at.now += 10s - 1us;
    at->prune(100);
    const auto again = at.push(job);
    BOOST_TEST(again.id == id);
    BOOST_TEST(again.how == push_result::duplicate);
    at.now += 1us;
    const auto next = at.push(job); // whether or not prune has been there
    BOOST_TEST(next.how == push_result::pushed);
    at.now += 5s;
    BOOST_TEST(at->prune(100) == 0U);
    BOOST_TEST(at.push(job).id == next.id);
    at.now += 5s;
    BOOST_TEST(at->prune(100) == 1U);
    BOOST_TEST(at.push(job).how == push_result::pushed);
  });
}

BOOST_AUTO_TEST_CASE(a_job_that_waits_is_replaced) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.unique("k"));
    at.push(at.job());
    auto by = at.unique("k", unique_until::ended, on_taken::replace);
    by.row.arguments = "[2]";
    by.row.priority = 1;
    by.row.task = "b"; // not replaced
    auto reply = at.push(by);
    BOOST_TEST(reply.how == push_result::replaced);
    BOOST_TEST(reply.id == id);
    BOOST_TEST(at.details(id).arguments == "[2]");
    BOOST_TEST(at.info(id).priority == 1);
    BOOST_TEST(at.info(id).task == "a");
    by.delay = 10s;
    BOOST_TEST(at.push(by).how == push_result::replaced);
    BOOST_TEST(at.state(id) == job_state::delayed);
    by.delay = 20s;
    BOOST_TEST(at.push(by).how == push_result::replaced);
    BOOST_CHECK(at.info(id).due == at.now + 20s);
    by.delay = {};
    BOOST_TEST(at.push(by).how == push_result::replaced);
    BOOST_TEST(at.state(id) == job_state::ready);
    BOOST_TEST(at.queue().ready == 2U);
    BOOST_TEST(at.queue().delayed == 0U);
    BOOST_TEST(at.counters().pushed == 2U);
    const auto claimed = at.claim_one();
    BOOST_TEST(claimed.id == id);
    BOOST_TEST(claimed.row.arguments == "[2]");
    reply = at.push(by);
    BOOST_TEST(reply.how == push_result::duplicate); // it runs
    BOOST_TEST(reply.id == id);
    BOOST_TEST(at.details(id).arguments == "[2]");
  });
}

BOOST_AUTO_TEST_CASE(a_ready_one_that_is_replaced_keeps_its_place_in_line) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.unique("k"));
    at.push(3);
    BOOST_TEST(at.push(at.unique("k", unique_until::ended, on_taken::replace)).how == push_result::replaced);
    BOOST_TEST(at.claim_one().id == id);
  });
}

BOOST_AUTO_TEST_CASE(a_replacement_says_anew_when_it_expires) {
  in_each_store([](store_world& at) {
    auto job = at.unique("k");
    job.expires = 10s;
    const auto id = at.id_of(job);
    at.now += 5s;
    auto by = at.unique("k", unique_until::ended, on_taken::replace);
    by.expires = 10s;
    at.push(by);
    at.now += 5s;
    BOOST_TEST(at->promote(10).expired == 0U);
    at.push(at.unique("k", unique_until::ended, on_taken::replace));
    at.now += 1h;
    BOOST_TEST(at->promote(10).expired == 0U);
    BOOST_TEST(at.state(id) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(an_expired_job_gives_its_key_back) {
  in_each_store([](store_world& at) {
    auto job = at.unique("k");
    job.expires = 10s;
    at.push(job);
    at.now += 10s;
    at->promote(10);
    BOOST_TEST(at.push(job).how == push_result::pushed);
    at.now += 10s;
    BOOST_TEST(at.claim(1).empty()); // which finds it expired
    BOOST_TEST(at.push(job).how == push_result::pushed);
  });
}

BOOST_AUTO_TEST_SUITE_END()
