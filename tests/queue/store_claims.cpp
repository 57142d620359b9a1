// Claims, in each store: order, limits, who knows what, prefetch, pauses. (lane_choices.cpp has the rules.)
#include "backends.hpp"

#include <algorithm>
#include <set>

namespace store_claims {

using namespace queue_tests;
using ta::job_state;

td::new_job with_priority(int priority) {
  auto job = store_world::job();
  job.row.priority = priority;
  return job;
}
td::new_job of_key(std::string key) {
  auto job = store_world::job();
  job.row.fairness_key = std::move(key);
  return job;
}
td::new_job limited(std::vector<ta::job_limit> limits) {
  auto job = store_world::job();
  job.row.limits = std::move(limits);
  return job;
}

} // namespace store_claims

using namespace store_claims;

BOOST_AUTO_TEST_SUITE(store_claims)

BOOST_AUTO_TEST_CASE(priority_then_age_and_each_eighth_is_the_oldest) {
  in_each_store([](store_world& at) {
    const auto patient = at.push(2, with_priority(9));
    const auto plain = at.push(3, with_priority(4));
    const auto urgent = at.push(6, with_priority(0));
    BOOST_TEST(ids_of(at.claim(4)) == (std::vector{urgent[0], urgent[1], urgent[2], urgent[3]}),
               boost::test_tools::per_element());
    BOOST_TEST(
        ids_of(at.claim(9))
            == (std::vector{urgent[4], urgent[5], plain[0], patient[0], plain[1], plain[2], patient[1]}),
        boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(tokens_grow_and_are_never_given_twice) {
  in_each_store([](store_world& at) {
    at.push(3);
    td::claim_token last = 0;
    for (int round = 0; round < 3; ++round) {
      for (const auto& job : at.claim(2)) {
        BOOST_TEST(job.token > last);
        last = job.token;
        at.finish(job, td::claim_end::released);
      }
      if (at.lasts())
        at.reopen();
    }
    BOOST_TEST(last > 0);
  });
}

BOOST_AUTO_TEST_CASE(ids_are_never_given_twice) {
  in_each_store([](store_world& at) {
    auto job = at.job();
    job.row.keep = {};
    ta::job_id last = 0;
    for (int round = 0; round < 5; ++round) {
      const auto id = at.id_of(job);
      BOOST_TEST(id > last);
      last = id;
      BOOST_TEST((at.control(td::control_verb::remove, id) == ta::control_reply::done));
      if (at.lasts())
        at.reopen();
    }
  });
}

BOOST_AUTO_TEST_CASE(tenants_share_by_what_they_have) {
  in_each_store([](store_world& at) {
    at.push(20, of_key("big"));
    BOOST_TEST(at.claim(3).size() == 3U);
    at.push(3, of_key("small"));
    at.push(3, of_key(""));
    std::vector<std::string> keys;
    for (const auto& job : at.claim(9))
      keys.push_back(job.row.fairness_key);
    BOOST_REQUIRE_EQUAL(keys.size(), 9U);
    // Three each; but for one of eight, which is the oldest, a big one.
    BOOST_TEST(std::ranges::count(keys, "big") == 3);
    BOOST_TEST(std::ranges::count(keys, "small") == 3);
    BOOST_TEST(keys.back() == "big");
  });
}

BOOST_AUTO_TEST_CASE(what_has_ended_does_not_count_for_fairness) {
  in_each_store([](store_world& at) {
    at.push(20, of_key("big"));
    for (const auto& job : at.claim(5))
      at.finish(job, td::claim_end::succeeded);
    at.push(1, of_key("small"));
    BOOST_TEST(at.claim_one().row.fairness_key == "big"); // both have nothing: the oldest
    BOOST_TEST(at.claim_one().row.fairness_key == "small");
  });
}

BOOST_AUTO_TEST_CASE(only_what_the_runner_knows_in_the_queues_it_serves) {
  in_each_store([](store_world& at) {
    at.push(3, at.job("b"));
    at.push(3, at.job("a", "other"));
    auto versioned = at.job();
    versioned.row.version = "2";
    at.push(3, versioned);
    auto command = at.job();
    command.row.kind = ta::job_kind::command;
    const auto program = at.id_of(command);
    const auto id = at.id_of(at.job());
    BOOST_TEST(ids_of(at.claim(9)) == std::vector{id}, boost::test_tools::per_element());
    BOOST_TEST(at.ask({{.queue = "nobody's", .free = 9}}).jobs.empty());
    const auto programs = at.ask({{.queue = "q", .free = 9, .commands = true}}).jobs;
    BOOST_TEST(ids_of(programs) == std::vector{program}, boost::test_tools::per_element());
    BOOST_CHECK(programs.at(0).row.kind == ta::job_kind::command);
    at.known = std::make_shared<const td::known_tasks>(td::known_tasks{{"a", "2"}, {"b", "1"}});
    BOOST_TEST(at.claim(9).size() == 6U);
    at.known = nullptr;
    BOOST_TEST(at.ask({{.queue = "other", .free = 9}}).jobs.empty());
  });
}

BOOST_AUTO_TEST_CASE(several_queues_in_one_claim) {
  in_each_store([](store_world& at) {
    at.push(5, at.job("a", "one"));
    at.push(5, at.job("a", "two"));
    const auto jobs
        = at.ask({{.queue = "two", .free = 2}, {.queue = "one", .free = 3}, {.queue = "no"}}).jobs;
    BOOST_TEST(jobs.size() == 5U);
    BOOST_TEST(std::ranges::count(jobs, "two", [](const auto& job) { return job.row.queue; }) == 2);
    BOOST_TEST(at.queue("two").ready == 3U);
    BOOST_TEST(at.queue("two").running == 2U);
  });
}

// -- limits -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_limit_of_capacity_holds_over_runners_and_queues) {
  in_each_store([](store_world& at) {
    at.limit("db", 3);
    at.push(5, limited({{"db", "", 1}}));
    auto other = limited({{"db", "", 2}});
    other.row.queue = "other";
    at.push(5, other);
    const auto first = at.claim(2);
    BOOST_TEST(first.size() == 2U);
    BOOST_TEST(at.ask({{.queue = "other", .free = 9}}, "s").jobs.empty());
    BOOST_TEST(at.claim(9, "s").size() == 1U);
    BOOST_TEST(at->survey().limits.at(0).taken == 3U);
    at.finish(first[0], td::claim_end::succeeded);
    BOOST_TEST(at.ask({{.queue = "other", .free = 9}}, "s").jobs.empty());
    at.finish(first[1], td::claim_end::retry, 1h);
    BOOST_TEST(at.ask({{.queue = "other", .free = 9}, {.queue = "q", .free = 9}}, "s").jobs.size() == 1U);
    at.limit("db", 0);
    at.rescue("s");
    BOOST_TEST(at.claim(9).empty());
    BOOST_TEST(at->survey().limits.at(0).taken == 0U);
    at.limit("db", {});
    BOOST_TEST(at.claim(9).size() == 3U);
  });
}

BOOST_AUTO_TEST_CASE(each_key_of_a_limit_counts_alone_and_all_are_needed) {
  in_each_store([](store_world& at) {
    at.limit("host", 1);
    at.limit("all", 3);
    for (const auto* host : {"x", "y", "z", "w"})
      at.push(3, limited({{"all", "", 1}, {"host", host, 1}}));
    const auto jobs = at.claim(9);
    BOOST_REQUIRE_EQUAL(jobs.size(), 3U);
    std::set<std::string> hosts;
    for (const auto& job : jobs)
      hosts.insert(job.row.limits.at(1).key);
    BOOST_TEST(hosts.size() == 3U);
    at.finish(jobs[0], td::claim_end::succeeded);
    BOOST_TEST(at.claim(9).size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(jobs_run_before_their_limit_is_set_and_count_when_it_is) {
  in_each_store([](store_world& at) {
    at.push(5, limited({{"late", "", 1}}));
    BOOST_TEST(at.claim(2).size() == 2U);
    at.limit("late", 3);
    BOOST_TEST(at.claim(9).size() == 1U);
    BOOST_CHECK((at.control(td::control_verb::drop_limit, "late") == ta::control_reply::done));
    BOOST_CHECK((at.control(td::control_verb::drop_limit, "late") == ta::control_reply::unknown));
    BOOST_TEST(at.claim(9).size() == 2U);
    BOOST_TEST(at->survey().limits.empty());
  });
}

BOOST_AUTO_TEST_CASE(a_rate_goes_on_with_time_over_runners) {
  in_each_store([](store_world& at) {
    at.limit("mail", {}, ta::rate{.count = 1, .period = 10s, .burst = 2});
    at.push(9, limited({{"mail", "", 1}}));
    BOOST_TEST(at.claim(9).size() == 2U);
    BOOST_TEST(at.claim(9, "s").empty());
    if (at.lasts())
      at.reopen();
    at.now += 10s - 1us;
    BOOST_TEST(at.claim(9).empty());
    at.now += 1us;
    BOOST_TEST(at.claim(9, "s").size() == 1U);
    at.now += 1h;
    at->prune(100); // a full bucket may be forgotten
    BOOST_TEST(at.claim(9).size() == 2U);
    BOOST_TEST(at.claim(9).empty());
    at.now -= 1h; // the clock is set back: nobody waits for longer than a full bucket
    BOOST_TEST(at.claim(9).empty());
    at.now += 20s;
    BOOST_TEST(at.claim(9).size() == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_claim_ends_some_of_those_that_have_expired_and_goes_on_at_once) {
  in_each_store([](store_world& at) {
    auto brief = store_world::job();
    brief.expires = 1s;
    at.push(600, brief);
    at.push(1);
    at.now += 2s;
    const auto ask = [&] { return at.ask({{.queue = "q", .free = 9}}); };
    auto reply = ask();
    BOOST_TEST(reply.expired == 500U);
    BOOST_TEST(reply.jobs.empty());
    BOOST_CHECK(reply.again == 0s);
    reply = ask();
    BOOST_TEST(reply.expired == 100U);
    BOOST_TEST(reply.jobs.size() == 1U);
    BOOST_TEST(at->survey().counters.expired == 600U);
  });
}

BOOST_AUTO_TEST_CASE(behind_very_many_lanes_that_cannot_start_one_that_can_is_found_soon) {
  in_each_store([](store_world& at) {
    std::vector<td::new_job> all;
    for (int i = 0; i < 20'000; ++i) {
      all.push_back(store_world::job("unknown to the runner"));
      all.back().row.fairness_key = std::to_string(i);
    }
    at->push(all);
    at.push(1);
    td::claim_reply reply;
    int claims = 0;
    for (; reply.jobs.empty() && claims < 10; ++claims) {
      BOOST_TEST((claims == 0 || reply.again.has_value())); // its runner asks again
      reply = at.ask({{.queue = "q", .free = 1}});
    }
    BOOST_TEST(reply.jobs.size() == 1U);
    BOOST_TEST(claims <= 4);
  });
}

BOOST_AUTO_TEST_CASE(a_claim_says_when_a_rate_has_its_next_token) {
  in_each_store([](store_world& at) {
    at.limit("mail", {}, ta::rate{.count = 1, .period = 10s, .burst = 2});
    at.push(1, limited({{"mail", "", 1}}));
    const auto ask = [&] { return at.ask({{.queue = "q", .free = 9}}); };
    BOOST_TEST(!ask().again.has_value()); // all that there was
    at.push(9, limited({{"mail", "", 1}}));
    BOOST_CHECK(ask().again == 10s);
    at.now += 4s;
    const auto none = ask();
    BOOST_TEST(none.jobs.empty());
    BOOST_CHECK(none.again == 6s);
    at.now += 6s;
    BOOST_TEST(ask().jobs.size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_job_whose_claim_has_ended_without_a_word_is_to_be_marked_first) {
  in_each_store([](store_world& at) {
    at.push(1);
    auto job = at.claim_one("a");
    BOOST_TEST(!job.mark_first);
    BOOST_TEST(at.rescue("a").returned == 1U); // as far as anybody knows it hadn't begun
    job = at.claim_one("b");
    BOOST_TEST(job.mark_first);
    at.begin(job, "b");
    BOOST_TEST(at.rescue("b").lost == 1U);
    BOOST_TEST(at.claim_one("c").mark_first);
    at.push(1);
    job = at.claim_one("d");
    BOOST_TEST(!job.mark_first);
    at.finish({.id = job.id, .token = job.token, .how = td::claim_end::snooze}, "d");
    BOOST_TEST(!at.claim_one("d").mark_first); // it has said how it ended
  });
}

BOOST_AUTO_TEST_CASE(a_claim_that_was_released_before_it_began_gives_its_token_back) {
  in_each_store([](store_world& at) {
    at.limit("mail", {}, ta::rate{.count = 1, .period = 1h, .burst = 1});
    at.push(9, limited({{"mail", "", 1}}));
    auto job = at.claim_one();
    BOOST_TEST(at.claim(1).empty());
    at.finish({.id = job.id, .token = job.token, .how = td::claim_end::released, .begun = false});
    job = at.claim_one();
    at.finish({.id = job.id, .token = job.token, .how = td::claim_end::released, .begun = true});
    BOOST_TEST(at.claim(1).empty());
    at.now += 1h;
    at.claim_one("s");
    BOOST_TEST(at.rescue("s").returned == 1U); // it hadn't begun
    at.begin(at.claim_one("t"), "t");
    BOOST_TEST(at.rescue("t").lost == 1U);
    BOOST_TEST(at.claim(1).empty());
  });
}

// -- prefetch ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(ahead_is_claimed_what_others_leave) {
  in_each_store([](store_world& at) {
    at.push(10);
    at.ask({{.queue = "q", .free = 0}}, "idle");
    BOOST_TEST(at.claim(2, "r", 3).size() == 5U); // nobody else has free slots
    for (const auto& job : at.claim(9))
      at.finish(job, td::claim_end::succeeded);
    BOOST_TEST(at.ask({{.queue = "q", .free = 4}}, "other").jobs.empty()); // it waits with four free slots
    at.push(10);
    BOOST_TEST(at.claim(2, "r", 100).size() == 6U);
    BOOST_TEST(at.claim(4, "other").size() == 4U);
    at.push(3);
    BOOST_TEST(at.claim(0, "r", 100).size() == 3U); // the other one is full
  });
}

BOOST_AUTO_TEST_CASE(what_has_limits_or_losses_is_not_claimed_ahead) {
  in_each_store([](store_world& at) {
    at.limit("db", 100);
    at.push(3, limited({{"db", "", 1}}));
    BOOST_TEST(at.claim(0, "r", 9).empty());
    BOOST_TEST(at.claim(1, "r", 9).size() == 1U);
    const auto id = at.id_of(at.job());
    const auto jobs = at.claim(0, "s", 9);
    BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
    at.begin(jobs[0], "s");
    at.rescue("s");
    BOOST_TEST(at.info(id).losses == 1U);
    BOOST_TEST(at.claim(0, "r", 9).empty());
    BOOST_TEST(at.claim(9, "r", 9).size() == 3U);
  });
}

// -- pauses, and many -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_paused_queue_gives_nothing) {
  in_each_store([](store_world& at) {
    const auto running = at.id_of(at.job());
    const auto claimed = at.claim_one();
    at.push(2);
    BOOST_CHECK((at.control(td::control_verb::pause, "q") == ta::control_reply::done));
    BOOST_CHECK((at.control(td::control_verb::pause, "q") == ta::control_reply::done));
    BOOST_TEST(at.claim(9).empty());
    BOOST_TEST(at.queue().paused);
    BOOST_TEST(at.queue().ready == 2U);
    BOOST_CHECK((at.finish(claimed, td::claim_end::succeeded) == td::end_reply::done));
    BOOST_TEST(at.state(running) == job_state::succeeded);
    at.push(1);
    if (at.lasts())
      at.reopen();
    BOOST_CHECK((at.control(td::control_verb::resume, "q") == ta::control_reply::done));
    BOOST_TEST(at.claim(9).size() == 3U);
    BOOST_CHECK((at.control(td::control_verb::pause, "not yet") == ta::control_reply::done));
    at.push(1, at.job("a", "not yet"));
    BOOST_TEST(at.ask({{.queue = "not yet", .free = 1}}).jobs.empty());
  });
}

BOOST_AUTO_TEST_CASE(many_lanes_that_cannot_start_do_not_hide_one_that_can) {
  in_each_store([](store_world& at) {
    std::vector<td::new_job> jobs;
    at.limit("host", 0);
    for (int i = 0; i < 2500; ++i)
      jobs.push_back(limited({{"host", std::to_string(i), 1}}));
    const auto blocked = at->push(jobs);
    const auto id = at.id_of(at.job());
    std::vector<ta::job_id> given;
    for (int tries = 0; given.empty() && tries < 10; ++tries) // a window of lanes each
      given = ids_of(at.claim(5));
    BOOST_TEST(given == std::vector{id}, boost::test_tools::per_element());
    at.limit("host", 1);
    std::set<ta::job_id> all;
    for (int tries = 0; all.size() < 2500 && tries < 100; ++tries)
      for (const auto& job : at.claim(100))
        all.insert(job.id);
    BOOST_TEST(all.size() == 2500U);
  });
}

BOOST_AUTO_TEST_CASE(all_that_was_pushed_is_claimed_once_and_lanes_go_with_their_jobs) {
  in_each_store([](store_world& at) {
    for (int i = 0; i < 20; ++i) {
      auto job = of_key(std::to_string(i % 3));
      job.row.priority = i % 10;
      job.row.version = i % 2 ? "" : "1";
      at.push(10, job);
    }
    at.known = std::make_shared<const td::known_tasks>(td::known_tasks{{"a", "1"}});
    std::set<ta::job_id> all;
    std::size_t given = 0;
    for (auto jobs = at.claim(7); !jobs.empty(); jobs = at.claim(7))
      for (const auto& job : jobs) {
        all.insert(job.id);
        ++given;
        at.finish(job, td::claim_end::succeeded);
      }
    BOOST_TEST(all.size() == 200U);
    BOOST_TEST(given == 200U);
  });
}

BOOST_AUTO_TEST_SUITE_END()
