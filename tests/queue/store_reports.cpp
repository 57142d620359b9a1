// What each store tells: lists and their pages, details, the survey, its version.
#include "backends.hpp"

#include <algorithm>

namespace store_reports {

using namespace queue_tests;
using ta::job_state;
using td::claim_end;

std::vector<ta::job_id> ids_of_list(store_world& at, const td::job_query& filter) {
  std::vector<ta::job_id> ids;
  for (const auto& info : at->list(filter))
    ids.push_back(info.id);
  return ids;
}

} // namespace store_reports

using namespace store_reports;

BOOST_AUTO_TEST_SUITE(store_reports)

BOOST_AUTO_TEST_CASE(filters) {
  in_each_store([](store_world& at) {
    auto tagged = at.job("b", "other");
    tagged.row.tags = {"red", "gr\"een"};
    auto late = at.job();
    late.delay = 1h;
    const auto running = at.id_of(at.job());
    const auto failed = at.id_of(at.job());
    const auto jobs = at.claim(2);
    at.finish(jobs.at(1), claim_end::failed);
    const auto red = at.id_of(tagged), delayed = at.id_of(late), ready = at.id_of(at.job());
    const auto is = [&](td::job_query filter, std::vector<ta::job_id> ids) {
      BOOST_TEST(ids_of_list(at, filter) == ids, boost::test_tools::per_element());
    };
    is({}, {ready, delayed, red, failed, running});
    is({.states = {job_state::ready}}, {ready, red});
    is({.states = {job_state::running, job_state::delayed}}, {delayed, running});
    is({.states = {job_state::failed, job_state::ready}}, {ready, red, failed});
    is({.states = {job_state::succeeded}}, {});
    is({.queue = "other"}, {red});
    is({.queue = "othe"}, {});
    is({.task = "a"}, {ready, delayed, failed, running});
    is({.tag = "red"}, {red});
    is({.tag = "gr\"een"}, {red});
    is({.tag = "re"}, {});
    is({.ids = {running, red, 999'999}}, {red, running});
    is({.ids = {running, red}, .states = {job_state::running}}, {running});
    is({.states = {job_state::ready}, .queue = "q", .task = "a"}, {ready});
  });
}

BOOST_AUTO_TEST_CASE(each_set_of_states_in_each_queue) {
  in_each_store([](store_world& at) {
    for (const auto* const queue : {"p", "q"}) {
      auto late = at.job("a", queue), over = at.job("a", queue);
      late.delay = 1h;
      over.expires = 1ms;
      for (int i = 0; i < 7; ++i)
        at.id_of(at.job("a", queue));
      at.id_of(late);
      at.id_of(over);
    }
    at.now += 1s;
    const auto jobs = at.claim(4);
    at.finish(jobs.at(0), claim_end::failed);
    at.finish(jobs.at(1), claim_end::succeeded);
    at.finish(jobs.at(2), claim_end::quarantined);
    td::control_action cancel{.verb = td::control_verb::cancel, .id = at.id_of(at.job())};
    at->control({&cancel, 1});
    const auto all = at->list({.most = 1'000});
    BOOST_REQUIRE_EQUAL(all.size(), 19U);
    for (unsigned bits = 1; bits < 256; ++bits)
      for (const auto* const queue : {"", "p", "q", "x"})
        for (const auto before : {ta::job_id{0}, all.at(9).id}) {
          td::job_query filter{.queue = queue, .before = before, .most = 5};
          std::vector<ta::job_id> expected;
          for (unsigned i = 0; i < 8; ++i)
            if ((bits >> i & 1) != 0)
              filter.states.push_back(static_cast<job_state>(i));
          for (const auto& each : all)
            if ((bits >> static_cast<unsigned>(each.state) & 1) != 0 && (!*queue || each.queue == queue)
                && (before == 0 || each.id < before) && expected.size() < filter.most)
              expected.push_back(each.id);
          BOOST_TEST(ids_of_list(at, filter) == expected, boost::test_tools::per_element());
        }
  });
}

BOOST_AUTO_TEST_CASE(pages_from_the_newest_on) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(250);
    for (const auto& job : at.claim(100))
      at.finish(job, claim_end::succeeded);
    at.claim(50);
    std::vector<ta::job_id> all;
    td::job_query filter{.most = 40};
    for (auto page = ids_of_list(at, filter); !page.empty(); page = ids_of_list(at, filter)) {
      BOOST_TEST(page.size() <= 40U);
      all.insert(all.end(), page.begin(), page.end());
      filter.before = page.back();
    }
    BOOST_TEST(std::ranges::is_sorted(all, std::greater<>{}));
    BOOST_TEST(all.size() == 250U);
    filter = {.states = {job_state::succeeded}, .before = ids[60], .most = 1000};
    BOOST_TEST(ids_of_list(at, filter).size() == 60U);
    BOOST_TEST(ids_of_list(at, {}).size() == 100U); // a page, if nothing else was said
  });
}

BOOST_AUTO_TEST_CASE(find_tells_of_those_that_there_are) {
  in_each_store([](store_world& at) {
    const auto ids = at.push(2);
    const std::vector<ta::job_id> asked{ids[1], 999'999, ids[0]};
    const auto found = at->find(asked);
    BOOST_REQUIRE_EQUAL(found.size(), 2U);
    BOOST_TEST(found[0].info.id + found[1].info.id == ids[0] + ids[1]);
    BOOST_TEST(at->find({}).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_survey_counts) {
  in_each_store([](store_world& at) {
    BOOST_TEST(at->survey().queues.empty());
    const auto start = at.now;
    auto late = at.job();
    late.delay = 1h;
    at.push(2, late);
    at.push(3);
    at.now += 1s;
    at.push(1, at.job("a", "other"));
    at.finish(at.claim_one(), claim_end::succeeded);
    at.claim_one();
    const auto survey = at->survey();
    BOOST_CHECK(survey.now == at.now);
    BOOST_REQUIRE_EQUAL(survey.queues.size(), 2U);
    const auto q = at.queue();
    BOOST_TEST(q.ready == 1U);
    BOOST_TEST(q.delayed == 2U);
    BOOST_TEST(q.running == 1U);
    BOOST_CHECK(q.oldest_ready == start);
    BOOST_CHECK(at.queue("other").oldest_ready == at.now);
    BOOST_TEST(survey.counters.pushed == 6U);
    BOOST_TEST(survey.counters.claimed == 2U);
    BOOST_TEST(survey.counters.succeeded == 1U);
    BOOST_TEST(survey.runners.at(0).running == 1U);
    at.limit("db", 7, ta::rate{.count = 5, .period = 1min, .burst = 3});
    const auto limits = at->survey().limits;
    BOOST_REQUIRE_EQUAL(limits.size(), 1U);
    BOOST_TEST(limits[0].name == "db");
    BOOST_TEST(*limits[0].capacity == 7U);
    BOOST_TEST(limits[0].rate->count == 5U);
    BOOST_CHECK(limits[0].rate->period == 1min);
    BOOST_TEST(limits[0].rate->burst == 3U);
    BOOST_TEST(limits[0].taken == 0U);
  });
}

BOOST_AUTO_TEST_CASE(tasks_that_nobody_has_are_told) {
  in_each_store([](store_world& at) {
    at.push(2, at.job("b"));
    at.push(1);
    BOOST_TEST(at.queue().unserved == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
    td::runner_beat beat{.runner = at.runner()};
    beat.tasks = at.known;
    beat.shares = {{.queue = "q", .free = 1}};
    at->renew(beat);
    BOOST_TEST(at.queue().unserved == std::vector<std::string>{"b"}, boost::test_tools::per_element());
    beat.tasks = std::make_shared<const td::known_tasks>(td::known_tasks{{"a", ""}, {"b", "3"}});
    at->renew(beat);
    BOOST_TEST(at.queue().unserved.empty());
    at.rescue();
    BOOST_TEST(at.queue().unserved.size() == 2U);
  });
}

BOOST_AUTO_TEST_CASE(the_version_changes_with_what_is_written) {
  in_each_store([](store_world& at) {
    auto last = at->version();
    const auto has_changed = [&] {
      const auto now = at->version();
      return std::exchange(last, now) != now;
    };
    at->list({});
    at->survey();
    BOOST_TEST(!has_changed());
    if (!at.lasts()) { // of a file others' writes count alone: see its own tests
      const auto id = at.id_of(at.job());
      BOOST_TEST(has_changed());
      at.claim(1);
      BOOST_TEST(has_changed());
      at.control(td::control_verb::cancel, id);
      BOOST_TEST(has_changed());
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
