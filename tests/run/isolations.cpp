// The rules by which a function moves to workers and back.
#include <boost/test/unit_test.hpp>
#include <run/isolation.hpp>

namespace isolations {

using namespace taskactor::detail;

constexpr bool here = false, in_worker = true;

struct watched {
  isolation rules;
  isolation_limits limits{.bad = 3, .clean = 4};

  isolation::move run(conduct how, bool where) { return rules.note(how, where, limits); }
  /// Runs so often where it is; each but the last must not move it.
  isolation::move run_often(int times, conduct how) {
    for (int i = 1; i < times; ++i)
      BOOST_CHECK(run(how, rules.in_workers()) == isolation::move::none);
    return run(how, rules.in_workers());
  }
};

} // namespace isolations

BOOST_FIXTURE_TEST_SUITE(isolations, watched)

BOOST_AUTO_TEST_CASE(so_many_bad_runs_move_it_to_workers) {
  BOOST_TEST(!rules.in_workers());
  BOOST_CHECK(run_often(3, conduct::bad) == isolation::move::to_workers);
  BOOST_TEST(rules.in_workers());
}

BOOST_AUTO_TEST_CASE(so_many_clean_runs_in_a_row_bring_it_back) {
  run_often(3, conduct::bad);
  BOOST_CHECK(run_often(3, conduct::clean) == isolation::move::none);
  BOOST_CHECK(run(conduct::bad, in_worker) == isolation::move::none); // and they begin anew
  BOOST_CHECK(run_often(4, conduct::clean) == isolation::move::back);
  BOOST_TEST(!rules.in_workers());
}

BOOST_AUTO_TEST_CASE(after_its_return_it_has_as_many_bad_runs_to_its_credit_as_before) {
  for (int round = 0; round < 3; ++round) {
    BOOST_CHECK(run_often(3, conduct::bad) == isolation::move::to_workers);
    BOOST_CHECK(run_often(4, conduct::clean) == isolation::move::back);
  }
}

BOOST_AUTO_TEST_CASE(bad_runs_here_are_forgotten_after_so_many_clean_ones) {
  run_often(2, conduct::bad);
  run_often(3, conduct::clean);
  BOOST_CHECK(run(conduct::bad, here) == isolation::move::to_workers);
  run_often(4, conduct::clean); // back
  run_often(2, conduct::bad);
  run_often(4, conduct::clean);
  BOOST_CHECK(run_often(3, conduct::bad) == isolation::move::to_workers);
}

BOOST_AUTO_TEST_CASE(a_run_that_began_before_a_move_does_not_count_after_it) {
  run_often(3, conduct::bad);
  run_often(3, conduct::clean);
  BOOST_CHECK(run(conduct::bad, here) == isolation::move::none);
  BOOST_CHECK(run(conduct::clean, here) == isolation::move::none);
  BOOST_CHECK(run(conduct::clean, in_worker) == isolation::move::back);
  BOOST_CHECK(run_often(2, conduct::bad) == isolation::move::none);
  BOOST_CHECK(run(conduct::bad, in_worker) == isolation::move::none);
  BOOST_CHECK(run(conduct::bad, here) == isolation::move::to_workers);
}

BOOST_AUTO_TEST_CASE(what_was_cancelled_says_nothing) {
  run_often(2, conduct::bad);
  BOOST_CHECK(run_often(10, conduct::neither) == isolation::move::none);
  run(conduct::bad, here);
  run_often(3, conduct::clean);
  BOOST_CHECK(run_often(10, conduct::neither) == isolation::move::none);
  BOOST_CHECK(run(conduct::clean, in_worker) == isolation::move::back);
}

BOOST_AUTO_TEST_CASE(without_limits_nothing_moves) {
  limits = {.bad = 0, .clean = 1};
  BOOST_CHECK(run_often(1000, conduct::bad) == isolation::move::none);
  limits = {.bad = 1, .clean = 0};
  BOOST_CHECK(run(conduct::bad, here) == isolation::move::to_workers);
  BOOST_CHECK(run_often(1000, conduct::clean) == isolation::move::none);
  BOOST_TEST(rules.in_workers());
}

BOOST_AUTO_TEST_SUITE_END()
