// Runners, in each store: beats, what goes along with them, rescue, quarantine, who has to run alone.
#include "backends.hpp"
#include "queue/job_moves.hpp"

#include <random>
#include <string>

namespace store_runners {

using namespace queue_tests;
using ta::job_state;
using td::claim_end;
using td::end_reply;

td::claim_note note_of(const td::claimed_job& job) { return {.id = job.id, .token = job.token}; }

} // namespace store_runners

using namespace store_runners;

BOOST_AUTO_TEST_SUITE(store_runners)

BOOST_AUTO_TEST_CASE(a_beat_is_a_counter_with_what_the_runner_says_of_itself) {
  in_each_store([](store_world& at) {
    td::runner_beat beat{.runner = {"name", 0xffff'ffff'ffff'fff0}};
    beat.host = "machine";
    beat.boot_id = "boot";
    beat.pid = 42;
    beat.process_start = 77;
    beat.shares = {{.queue = "q", .free = 3}, {.queue = "p", .free = 1}};
    beat.tasks = at.known;
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(!at->renew(beat).fenced);
    at.now += 1s;
    auto rows = at->runners();
    BOOST_REQUIRE_EQUAL(rows.size(), 1U);
    BOOST_CHECK(rows[0].runner == beat.runner);
    const auto last = rows[0].beat;
    at->renew(beat);
    rows = at->runners();
    BOOST_TEST(rows[0].beat == last + 1);
    BOOST_TEST(rows[0].host == "machine");
    BOOST_TEST(rows[0].boot_id == "boot");
    BOOST_TEST(rows[0].pid == 42);
    BOOST_TEST(rows[0].process_start == 77U);
    BOOST_TEST(rows[0].claims == 0U);
    const auto survey = at->survey();
    BOOST_REQUIRE_EQUAL(survey.runners.size(), 1U);
    BOOST_TEST(survey.runners[0].name == "name");
    BOOST_TEST(survey.runners[0].incarnation == beat.runner.incarnation);
    BOOST_CHECK(survey.runners[0].seen == at.now);
    BOOST_TEST(survey.runners[0].queues.size() == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_rescue_tells_three_kinds) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(3);
    const auto jobs = at.claim(3);
    at.begin(jobs[1]);
    at.begin(jobs[2]);
    at.now += 1s;
    const auto reply = at.rescue();
    BOOST_TEST(reply.runners == 1U);
    BOOST_TEST(reply.returned == 1U);
    BOOST_TEST(reply.lost == 2U);
    BOOST_TEST(reply.quarantined == 0U);
    BOOST_TEST(at.info(ids[0]).losses == 0U);
    BOOST_TEST(at.details(ids[0]).attempts.empty());
    const auto lost = at.details(ids[1]);
    BOOST_TEST(lost.info.state == job_state::ready);
    BOOST_TEST(lost.info.losses == 1U);
    BOOST_TEST(lost.info.attempts == 0U);
    BOOST_TEST(!lost.info.error.empty());
    BOOST_REQUIRE_EQUAL(lost.attempts.size(), 1U);
    BOOST_TEST(lost.attempts[0].end == "lost");
    BOOST_TEST(lost.attempts[0].runner == "r");
    BOOST_CHECK(lost.attempts[0].ended == at.now);
    BOOST_TEST(at->runners().empty());
    BOOST_TEST(at.rescue().runners == 0U);
    // They are where they were.
    at.push(1);
    auto again = ids_of(at.claim(4, "s"));
    BOOST_REQUIRE_EQUAL(again.size(), 4U);
    std::ranges::sort(again);
    again.resize(3);
    BOOST_TEST(again == ids, boost::test_tools::per_element());
    BOOST_TEST(at.counters().lost == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_runner_that_has_beaten_since_is_not_lost) {
  in_each_store([](store_world& at) {
    at.push(1);
    const auto job = at.claim_one();
    td::lost_runner lost{.runner = at.runner(), .beat = at->runners().at(0).beat};
    at.begin(job);
    BOOST_TEST(at->rescue({&lost, 1}).runners == 0U);
    BOOST_TEST(at.state(job.id) == job_state::running);
    lost.runner = {"nobody", 7};
    BOOST_TEST(at->rescue({&lost, 1}).runners == 0U);
    lost = {.runner = {"r", 2}, .beat = at->runners().at(0).beat}; // another incarnation
    BOOST_TEST(at->rescue({&lost, 1}).runners == 0U);
    BOOST_TEST(at->rescue({}).runners == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_dead_incarnation_is_fenced_and_the_next_one_is_not) {
  in_each_store([](store_world& at) {
    at.push(2);
    const auto job = at.claim_one();
    at.begin(job);
    at.rescue();
    BOOST_TEST(at.beat().fenced);
    const auto claimed = at.ask({{.queue = "q", .free = 5}});
    BOOST_TEST(claimed.fenced);
    BOOST_TEST(claimed.jobs.empty());
    BOOST_TEST(at->runners().empty());
    if (at.lasts())
      at.reopen();
    BOOST_TEST(at.beat().fenced);
    // The token decides: nobody has claimed it again, and yet it isn't this runner's any more.
    BOOST_TEST(at.finish(job, claim_end::succeeded) == end_reply::stale);
    BOOST_TEST(at.state(job.id) == job_state::ready);
    BOOST_TEST(at.counters().stale == 1U);
    td::runner_beat next{.runner = {"r", 2}};
    BOOST_TEST(!at->renew(next).fenced);
    BOOST_TEST(at->claim({.runner = next.runner, .shares = {{.queue = "q", .free = 5}}, .tasks = at.known})
                   .jobs.size()
               == 2U);
    BOOST_TEST(at.finish(job, claim_end::succeeded) == end_reply::stale);
  });
}

BOOST_AUTO_TEST_CASE(a_claim_may_come_before_the_first_beat) {
  in_each_store([](store_world& at) {
    at.push(1);
    const td::claim_request request{
        .runner = at.runner(), .shares = {{.queue = "q", .free = 1}}, .tasks = at.known};
    BOOST_TEST(at->claim(request).jobs.size() == 1U);
    BOOST_TEST(at->runners().size() == 1U); // who watches over them sees it
    BOOST_TEST(at.rescue().returned == 1U);
    BOOST_TEST(at->claim(request).fenced);
  });
}

BOOST_AUTO_TEST_CASE(two_runners_of_one_name_are_two) {
  in_each_store([](store_world& at) {
    at.push(2);
    const auto first = at.claim_one();
    at->renew({.runner = {"r", 2}});
    const auto second
        = at->claim({.runner = {"r", 2}, .shares = {{.queue = "q", .free = 5}}, .tasks = at.known}).jobs;
    BOOST_TEST(second.size() == 1U);
    BOOST_TEST(at->runners().size() == 2U);
    BOOST_TEST(at.rescue().returned == 1U);
    BOOST_TEST(at.state(first.id) == job_state::ready);
    BOOST_TEST(at.state(second.at(0).id) == job_state::running);
  });
}

BOOST_AUTO_TEST_CASE(three_losses_are_a_quarantine_and_two_run_alone) {
  in_each_store([](store_world& at) {
    const auto bad = at.id_of(at.job());
    for (int i = 1; i <= 3; ++i) {
      const auto name = "r" + std::to_string(i);
      const auto jobs = at.claim(1, name);
      BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
      BOOST_TEST(jobs[0].id == bad);
      BOOST_TEST(jobs[0].losses == static_cast<std::size_t>(i - 1));
      BOOST_TEST(jobs[0].alone == (i == 3));
      at.begin(jobs[0], name);
      if (i == 3) {
        at.push(3);
        BOOST_TEST(at.claim(9, name).empty()); // nothing beside it
      }
      const auto reply = at.rescue(name);
      BOOST_TEST(reply.lost == 1U);
      BOOST_TEST(reply.quarantined == (i == 3 ? 1U : 0U));
    }
    const auto all = at.details(bad);
    BOOST_TEST(all.info.state == job_state::quarantined);
    BOOST_TEST(all.info.losses == 3U);
    BOOST_TEST(all.attempts.size() == 3U);
    BOOST_TEST(!all.info.error.empty());
    BOOST_TEST(at.counters().lost == 3U);
    BOOST_TEST(at.counters().quarantined == 1U);
    BOOST_TEST(at.claim(9, "r4").size() == 3U);
    BOOST_TEST((at.control(td::control_verb::retry, bad) == ta::control_reply::done));
    BOOST_TEST(at.info(bad).losses == 0U);
    BOOST_TEST(at.claim_one("r4").id == bad); // beside others
  });
}

BOOST_AUTO_TEST_CASE(who_runs_something_does_not_get_what_has_to_run_alone) {
  in_each_store([](store_world& at) {
    const auto bad = at.id_of(at.job());
    for (const auto* name : {"x", "y"}) {
      at.begin(at.claim_one(name), name);
      at.rescue(name);
    }
    at.push(3, [] {
      auto job = store_world::job();
      job.row.priority = 0;
      return job;
    }());
    const auto first = at.claim(2);
    BOOST_TEST(first.size() == 2U);
    BOOST_TEST(ids_of(at.claim(9)).size() == 1U); // the third, not the bad one
    BOOST_TEST(at.state(bad) == job_state::ready);
    const auto alone = at.claim(9, "s");
    BOOST_TEST(ids_of(alone) == std::vector{bad}, boost::test_tools::per_element());
    BOOST_TEST(alone.at(0).alone);
    at.push(1);
    BOOST_TEST(at.claim(9, "s").empty());
    BOOST_TEST(at.finish(alone[0], claim_end::succeeded) == end_reply::done);
    BOOST_TEST(at.claim(9, "s").size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_runner_that_leaves_releases_what_it_has) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(2);
    const auto jobs = at.claim(2);
    at.begin(jobs[0]);
    td::runner_beat leaving{.runner = at.runner()};
    leaving.leaves = true;
    BOOST_TEST(!at->renew(leaving).fenced);
    BOOST_TEST(at->runners().empty());
    for (const auto id : ids) {
      BOOST_TEST(at.state(id) == job_state::ready);
      BOOST_TEST(at.info(id).losses == 0U);
    }
    BOOST_TEST(at.finish(jobs[0], claim_end::succeeded) == end_reply::stale);
    BOOST_TEST(ids_of(at.claim(9, "s")) == ids, boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(dead_runners_are_forgotten_after_a_day) {
  in_each_store([](store_world& at) {
    at.beat();
    at.rescue();
    at.now += 23h;
    at->prune(100);
    BOOST_TEST(at.beat().fenced);
    at.now += 2h;
    BOOST_TEST(at->prune(100) == 1U);
    BOOST_TEST(!at.beat().fenced);
  });
}

// -- notes ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(progress_and_output_come_with_a_beat) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    const auto job = at.claim_one();
    auto note = note_of(job);
    note.begun = true;
    note.has_progress = true;
    note.done = 3;
    note.total = 10;
    note.text = "third";
    note.output = std::string{"one\n\0\xff", 6};
    at.beat("r", {note});
    auto more = note_of(job);
    more.output = "two\n";
    at.beat("r", {more});
    const auto all = at.details(id);
    BOOST_TEST(all.info.progress_done == 3U);
    BOOST_TEST(all.info.progress_total == 10U);
    BOOST_TEST(all.info.progress_text == "third");
    BOOST_TEST(all.output == (std::string{"one\n\0\xff", 6} + "two\n"));
    BOOST_TEST(all.output_lost == 0U);
    BOOST_TEST(at.finish(job, claim_end::succeeded) == end_reply::done);
    BOOST_TEST(at.details(id).output.size() == 10U); // kept with the job
  });
}

BOOST_AUTO_TEST_CASE(notes_of_claims_that_are_another_s_are_left_out) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    const auto old = at.claim_one();
    at.finish(old, claim_end::released);
    const auto job = at.claim_one("s");
    auto note = note_of(old);
    note.begun = note.has_progress = true;
    note.done = 9;
    note.output = "not mine";
    at.beat("r", {note, {.id = id + 100, .token = 1}});
    BOOST_TEST(at.details(id).output.empty());
    BOOST_TEST(at.info(id).progress_done == 0U);
    BOOST_TEST(at.rescue("s").returned == 1U); // it wasn't marked as begun
    BOOST_TEST(at.finish(job, claim_end::succeeded) == end_reply::stale);
  });
}

BOOST_AUTO_TEST_CASE(of_much_output_the_head_and_the_tail_are_kept) {
  in_each_store([](store_world& at) {
    const auto id = at.id_of(at.job());
    const auto job = at.claim_one();
    std::string all;
    const auto write = [&](std::size_t size) {
      auto note = note_of(job);
      for (std::size_t i = 0; i < size; ++i)
        note.output += static_cast<char>('a' + (all.size() + i) / 7 % 26);
      all += note.output;
      at.beat("r", {note});
    };
    const auto expected = [&] {
      constexpr auto most = td::kept_output::head_size + td::kept_output::tail_size;
      return all.size() <= most ? all
                                : all.substr(0, td::kept_output::head_size)
                                      + all.substr(all.size() - td::kept_output::tail_size);
    };
    for (const std::size_t size :
         {10'000, 60'000, 100'000, 80'000, 20'000, 5'000, 300'000, 1, 50'000, 700'000}) {
      write(size);
      const auto details = at.details(id);
      BOOST_TEST((details.output == expected()), "after " << all.size() << " bytes");
      BOOST_TEST(details.output_lost == all.size() - details.output.size());
    }
    BOOST_TEST(at.finish(job, claim_end::retry) == end_reply::done);
    const auto again = at.claim_one();
    auto note = note_of(again);
    note.output = "second attempt";
    all += note.output;
    at.beat("r", {note});
    BOOST_TEST((at.details(id).output == expected()));
    BOOST_TEST(at.finish(again, claim_end::succeeded) == end_reply::done);
    BOOST_TEST((at.control(td::control_verb::remove, id) == ta::control_reply::done));
  });
}

BOOST_AUTO_TEST_CASE(output_of_which_a_runner_has_kept_a_part_is_as_if_all_had_come) {
  in_each_store([](store_world& at) {
    std::mt19937 random{7}; // NOLINT: the same each time
    const auto below = [&](std::size_t most) {
      return std::uniform_int_distribution<std::size_t>{0, most}(random);
    };
    for (int round = 0; round < 6; ++round) {
      const auto id = at.push(1).at(0);
      const auto job = at.claim_one();
      std::string all;
      for (int i = 0; i < 4; ++i) {
        td::kept_output kept; // between two beats
        for (int k = 0; k < 8; ++k) {
          std::string piece(below(round % 2 == 0 ? 20'000 : 150'000), static_cast<char>('a' + below(25)));
          kept.append(piece);
          all += piece;
        }
        td::claim_note note{.id = job.id, .token = job.token};
        note.output = kept.head;
        note.output_lost = kept.lost;
        note.output_tail = kept.tail;
        at.beat("r", {note});
      }
      constexpr auto head = td::kept_output::head_size, tail = td::kept_output::tail_size;
      const auto details = at.details(id);
      const bool is_whole = all.size() <= head + tail;
      BOOST_TEST(details.output_lost == (is_whole ? 0 : all.size() - head - tail));
      BOOST_CHECK(details.output == (is_whole ? all : all.substr(0, head) + all.substr(all.size() - tail)));
      at.finish(job, td::claim_end::succeeded);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
