// Claims don't read again over what was claimed before, and miss nothing all the same.
#include "postgres/postgres_marks.hpp"
#include "backends.hpp"
#include "hooked_store.hpp"
#include "postgres/postgres_backend.hpp"
#include "support/postgres_server.hpp"

namespace postgres_marks_tests {

using namespace queue_tests;
using marks = td::postgres_marks;

struct marked_world {
  std::string where = test::postgres_server::shared().new_database();

  td::postgres_options options(int sweep_part = 10) const {
    td::postgres_options made{.where = where};
    made.notices = false;
    made.mark_lag = 0ns;
    made.sweep_part = sweep_part;
    return made;
  }
};

td::postgres_connection::clock::time_point soon() { return td::postgres_connection::clock::now() + 20s; }

std::vector<ta::job_id> claim_some(td::postgres_backend& store, const std::string& runner, std::size_t free) {
  static const auto known = std::make_shared<const td::known_tasks>(task_a);
  return ids_of(store.claim({{runner, 1}, {{.queue = "q", .free = free}}, known}).jobs);
}

/// Index entries of ready jobs that 100 claims have read, each of 20 of 2,000 jobs, while a snapshot keeps
/// the dead ones there.
std::int64_t entries_read(int sweep_part) {
  const marked_world world;
  td::postgres_connection other{world.options()};
  {
    td::postgres_backend store{world.options(sweep_part)};
    const std::vector<td::new_job> jobs(2'000, store_world::job());
    store.push(jobs);
    td::postgres_batch pin;
    pin.add("BEGIN ISOLATION LEVEL REPEATABLE READ").add("SELECT count(*) FROM @ready");
    other.run(pin, soon());
    for (int i = 0; i < 100; ++i)
      BOOST_TEST(claim_some(store, "r", 20).size() == 20U);
    BOOST_TEST(store.check().empty());
  } // a session that ends has told what it has read
  other.run("COMMIT", {}, soon());
  std::int64_t read = 0;
  in_time([&] {
    read = other
               .run("SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes WHERE "
                    "indexrelname = "
                    "'ready_pkey'",
                    {}, soon())
               .front()
               .integer(0);
    return read > 2'000;
  });
  return read;
}

} // namespace postgres_marks_tests

using namespace postgres_marks_tests;

BOOST_AUTO_TEST_SUITE(postgres_marks)

BOOST_AUTO_TEST_CASE(a_claim_doesnt_read_over_the_dead_rows_of_those_before) {
  // From the beginning it were 20 + 40 + ... + 1,980 dead ones, beside the living.
  BOOST_TEST(entries_read(1'000'000) < 40'000);
  BOOST_TEST(entries_read(0) > 99'000); // each claim sweeps: what is measured can be seen
}

BOOST_AUTO_TEST_CASE(a_job_that_another_process_gives_back_is_found_by_a_sweep) {
  const marked_world world;
  td::postgres_backend one{world.options()}, other{world.options()};
  const std::vector<td::new_job> jobs(50, store_world::job());
  one.push(jobs);
  static const auto known = std::make_shared<const td::known_tasks>(task_a);
  const auto first = other.claim({{"other", 1}, {{.queue = "q", .free = 1}}, known}).jobs;
  BOOST_REQUIRE_EQUAL(first.size(), 1U);
  for (int i = 0; i < 40; ++i)
    BOOST_TEST(claim_some(one, "one", 1).size() == 1U);
  const td::job_end back{.id = first[0].id, .token = first[0].token, .how = td::claim_end::released};
  other.finish({"other", 1}, {&back, 1});
  bool is_found = false;
  BOOST_TEST(in_time([&] {
    if (!is_found) {
      const auto got = claim_some(one, "one", 1);
      is_found = !got.empty() && got[0] == first[0].id;
    }
    return is_found;
  }));
}

BOOST_AUTO_TEST_CASE(one_that_gives_a_job_back_itself_has_it_at_the_head) {
  const marked_world world;
  td::postgres_backend store{world.options(1'000'000)};
  const std::vector<td::new_job> jobs(50, store_world::job());
  const auto made = store.push(jobs);
  static const auto known = std::make_shared<const td::known_tasks>(task_a);
  const auto first = store.claim({{"r", 1}, {{.queue = "q", .free = 1}}, known}).jobs;
  for (int i = 0; i < 20; ++i)
    claim_some(store, "r", 1);
  const td::job_end back{.id = first.at(0).id, .token = first.at(0).token, .how = td::claim_end::released};
  store.finish({"r", 1}, {&back, 1});
  BOOST_TEST(claim_some(store, "r", 1) == std::vector<ta::job_id>{first[0].id},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_mark_is_no_later_than_what_was_drawn_a_while_ago) {
  td::postgres_marks all{500ms, 10};
  const marks::time start{1h};
  const marks::line line{1, 4};
  all.drawn(100, start);
  all.begins("q", line, 90, start);
  BOOST_TEST(all.of("q").empty()); // a push that drew 50 may be committed soon
  all.drawn(200, start + 500ms);
  all.begins("q", line, 190, start + 500ms);
  BOOST_TEST(all.of("q").at(line) == 100);
  all.begins("q", line, 60, start + 600ms); // never back by itself
  BOOST_TEST(all.of("q").at(line) == 100);
  all.drawn(300, start + 1'000ms);
  all.begins("q", line, 150, start + 1'000ms);
  BOOST_TEST(all.of("q").at(line) == 150);
  BOOST_TEST(all.of("p").empty());
  all.clear();
  BOOST_TEST(all.of("q").empty());
}

BOOST_AUTO_TEST_CASE(sweeps_take_a_tenth_of_the_time) {
  td::postgres_marks all{500ms, 10};
  const marks::time start{1h};
  BOOST_TEST(all.may_sweep("q", start));
  all.swept("q", start, 200ms);
  BOOST_TEST(!all.may_sweep("q", start + 1'999ms));
  BOOST_TEST(all.may_sweep("q", start + 2s));
  BOOST_TEST(all.may_sweep("p", start));
}

BOOST_AUTO_TEST_SUITE_END()
