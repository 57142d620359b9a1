// The rules of a supervisor: who is restarted, in which order, how often, and when all is over.
#include "play.hpp"

#include <random>

using namespace test;
using ta::restart_policy;
using ta::restart_strategy;
using ta::service_state;

BOOST_AUTO_TEST_SUITE(supervisions)

namespace {

using test::children; // a suite is called that as well

struct row {
  restart_strategy how;
  restart_policy policy; // of b, which ends; a and c are permanent
  exit_kind end;
  std::string done;
};

std::ostream& operator<<(std::ostream& out, const row& which) {
  constexpr const char* ends[] = {"normal", "shutdown", "failed"};
  return out << to_string(which.how) << ", " << to_string(which.policy) << ", "
             << ends[static_cast<int>(which.end)];
}

constexpr auto normal = exit_kind::normal, shutdown = exit_kind::shutdown, failed = exit_kind::failed;

} // namespace

BOOST_AUTO_TEST_CASE(who_is_restarted_follows_from_strategy_policy_and_end) {
  const std::string all = "?c ?a +a +b +c ", rest = "?c +b +c ", one = "+b ";
  const row table[] = {
      {restart_strategy::one_for_one, restart_policy::permanent, normal, one},
      {restart_strategy::one_for_one, restart_policy::permanent, shutdown, one},
      {restart_strategy::one_for_one, restart_policy::permanent, failed, one},
      {restart_strategy::one_for_one, restart_policy::transient, normal, ""},
      {restart_strategy::one_for_one, restart_policy::transient, shutdown, ""},
      {restart_strategy::one_for_one, restart_policy::transient, failed, one},
      {restart_strategy::one_for_one, restart_policy::temporary, normal, ""},
      {restart_strategy::one_for_one, restart_policy::temporary, shutdown, ""},
      {restart_strategy::one_for_one, restart_policy::temporary, failed, ""},
      {restart_strategy::one_for_all, restart_policy::permanent, normal, all},
      {restart_strategy::one_for_all, restart_policy::permanent, shutdown, all},
      {restart_strategy::one_for_all, restart_policy::permanent, failed, all},
      {restart_strategy::one_for_all, restart_policy::transient, normal, ""},
      {restart_strategy::one_for_all, restart_policy::transient, shutdown, ""},
      {restart_strategy::one_for_all, restart_policy::transient, failed, all},
      {restart_strategy::one_for_all, restart_policy::temporary, normal, ""},
      {restart_strategy::one_for_all, restart_policy::temporary, shutdown, ""},
      {restart_strategy::one_for_all, restart_policy::temporary, failed, ""},
      {restart_strategy::rest_for_one, restart_policy::permanent, normal, rest},
      {restart_strategy::rest_for_one, restart_policy::permanent, shutdown, rest},
      {restart_strategy::rest_for_one, restart_policy::permanent, failed, rest},
      {restart_strategy::rest_for_one, restart_policy::transient, normal, ""},
      {restart_strategy::rest_for_one, restart_policy::transient, shutdown, ""},
      {restart_strategy::rest_for_one, restart_policy::transient, failed, rest},
      {restart_strategy::rest_for_one, restart_policy::temporary, normal, ""},
      {restart_strategy::rest_for_one, restart_policy::temporary, shutdown, ""},
      {restart_strategy::rest_for_one, restart_policy::temporary, failed, ""},
  };
  for (const auto& row : table) {
    BOOST_TEST_CONTEXT(row) {
      play p{row.how, {child('a'), child('b', row.policy), child('c')}};
      BOOST_TEST(p.begin().done() == "+a +b +c * ");
      BOOST_TEST(p.down('b', row.end).done() == row.done);
      const auto after = row.done.empty() ? service_state::ended : service_state::running;
      BOOST_CHECK(p.state('a') == service_state::running);
      BOOST_CHECK(p.state('b') == after);
      BOOST_CHECK(p.state('c') == service_state::running);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_siblings_restart_takes_temporary_children_down_for_good_and_brings_ended_ones_back) {
  for (const auto how : {restart_strategy::one_for_all, restart_strategy::rest_for_one}) {
    play p{how, {child('a'), child('b', restart_policy::temporary), child('c', restart_policy::transient)}};
    p.begin().down('c', normal).done();
    BOOST_CHECK(p.state('c') == service_state::ended);
    BOOST_TEST(p.fails('a').done() == "?b +a +c ");
    BOOST_CHECK(p.state('b') == service_state::ended);
  }
}

BOOST_AUTO_TEST_CASE(children_start_one_after_the_other_each_when_the_one_before_is_ready) {
  auto three = children("abc");
  three[0].ready_within = three[1].ready_within = 10s;
  play p{restart_strategy::one_for_one, three};
  BOOST_TEST(p.begin().done() == "+a ");
  BOOST_TEST(p.advance(9s).done() == "");
  BOOST_TEST(p.ready('a').done() == "+b ");
  BOOST_TEST(p.advance(9s).ready('b').done() == "+c * ");
}

BOOST_AUTO_TEST_CASE(a_first_start_that_fails_ends_the_supervisor) {
  auto three = children("abc");
  three[1].ready_within = 10s;
  play early{restart_strategy::one_for_one, three};
  early.begin();
  BOOST_TEST(early.down('b', normal, "gone").done() == "+a +b [\"b\" didn't start: gone] ?a . ");
  play late{restart_strategy::one_for_one, three};
  late.begin();
  BOOST_TEST(late.advance(10s).done() == "+a +b [\"b\" didn't start: not ready within 10 s] ?b ?a . ");
  BOOST_TEST(late.rules.at(1).reason == "not ready within 10 s");
}

BOOST_AUTO_TEST_CASE(a_restart_that_does_not_start_counts_and_is_tried_again) {
  auto two = children("ab");
  two[0].ready_within = 1s;
  play p{restart_strategy::rest_for_one, two, {2, 1min}};
  p.begin().ready('a').done();
  BOOST_TEST(p.fails('a').done() == "?b +a ");
  BOOST_TEST(p.advance(1s).done() == "?a +a ");
  BOOST_TEST(p.advance(1s).done()
             == "[more than 2 restarts in 60 s; the last failure: \"a\": not ready within 1 s] ?a . ");
  BOOST_TEST(p.reports
             == "a failed: boom (0 s); a restart 1 of at most 2 in 60 s; b ended: asked (0 s); "
                "a failed: not ready within 1 s (0 s); a restart 2 of at most 2 in 60 s; "
                "a ended: not ready within 1 s (0 s); a failed: not ready within 1 s (0 s); "
                "a ended: not ready within 1 s (0 s); ");
}

BOOST_AUTO_TEST_CASE(a_slow_restart_holds_up_siblings_that_are_restarted_with_it_and_no_others) {
  for (const auto how : {restart_strategy::one_for_one, restart_strategy::one_for_all}) {
    auto three = children("abc");
    for (auto& each : three)
      each.ready_within = 1min;
    play p{how, three};
    p.begin().ready('a').ready('b').ready('c').done();
    if (how == restart_strategy::one_for_one) {
      BOOST_TEST(p.fails('a').fails('c').done() == "+a +c ");
    } else {
      BOOST_TEST(p.fails('a').done() == "?c ?b +a ");
      BOOST_TEST(p.ready('a').ready('b').ready('c').done() == "+b +c ");
    }
  }
}

BOOST_AUTO_TEST_CASE(more_restarts_than_the_limit_within_its_window_end_the_supervisor) {
  play p{restart_strategy::one_for_one, children("ab"), {3, 10s}};
  p.begin();
  for (int i = 0; i < 20; ++i) // at most three in any ten seconds
    p.advance(4s).fails('a');
  BOOST_TEST(p.runs('a') == 21u);
  p.done();
  BOOST_TEST(p.advance(4s).fails('b').done() == "+b ");
  BOOST_TEST(p.advance(1s).fails('b').done()
             == "[more than 3 restarts in 10 s; the last failure: \"b\": boom] ?a . ");
}

BOOST_AUTO_TEST_CASE(with_a_limit_of_zero_nothing_is_restarted) {
  play p{restart_strategy::one_for_all, children("ab"), {0, 5s}};
  p.begin().done();
  BOOST_TEST(p.fails('b').done() == "[more than 0 restarts in 5 s; the last failure: \"b\": boom] ?a . ");
}

BOOST_AUTO_TEST_CASE(the_asked_are_killed_when_their_time_is_up_and_left_behind_when_that_does_not_help) {
  auto three = children("abc");
  three[1].stop_within = 0s;
  three[2].stop_within = ta::no_timeout;
  play p{restart_strategy::one_for_one, three};
  p.begin().done();
  p.obedient = p.mortal = false;
  BOOST_TEST(p.stop().done() == "?c ");
  BOOST_TEST(p.advance(24h).done() == "");
  BOOST_TEST(p.down('c', shutdown).done() == "!b ");
  BOOST_TEST(p.advance(1s).done() == "~b ?a ");
  BOOST_TEST(p.advance(5s).done() == "!a ");
  BOOST_TEST(p.down('a', failed).done() == ". ");
  BOOST_TEST(p.down('b', failed).done() == ""); // late, and waited for no longer
}

BOOST_AUTO_TEST_CASE(what_dies_while_its_siblings_are_stopped_counts_as_no_failure) {
  play p{restart_strategy::one_for_all, children("abcd"), {1, 1h}};
  p.begin().done();
  p.obedient = false;
  BOOST_TEST(p.fails('b').done() == "?d ");
  BOOST_TEST(p.fails('a').done() == "");
  BOOST_TEST(p.fails('d').done() == "?c ");
  p.obedient = true;
  BOOST_TEST(p.fails('c').done() == "+a +b +c +d ");
}

BOOST_AUTO_TEST_CASE(an_earlier_failure_during_a_restart_widens_it) {
  play p{restart_strategy::rest_for_one, children("abc"), {2, 1h}};
  p.begin().done();
  p.obedient = false;
  BOOST_TEST(p.fails('b').done() == "?c ");
  BOOST_TEST(p.fails('a').done() == "");
  BOOST_TEST(p.down('c', shutdown).done() == "+a +b +c ");
  BOOST_TEST(p.fails('c').done() == "[more than 2 restarts in 3600 s; the last failure: \"c\": boom] ?b ");
}

BOOST_AUTO_TEST_CASE(backoff_grows_with_each_short_run_and_is_reset_by_a_long_one) {
  auto one = children("a");
  one[0].backoff = {.first = 1s, .factor = 2, .max = 3s, .jitter = 10ms};
  one[0].backoff_reset_after = 1min;
  play p{restart_strategy::one_for_one, one, {100, 1h}, 5ms};
  p.begin().done();
  const auto waits = [&](std::chrono::nanoseconds wait) {
    BOOST_TEST(p.fails('a').done() == "");
    BOOST_CHECK(p.state('a') == service_state::waiting);
    BOOST_TEST(p.advance(wait - 1ns).done() == "");
    BOOST_TEST(p.advance(1ns).done() == "+a ");
  };
  for (const auto wait : {1s, 2s, 3s, 3s})
    waits(wait + 5ms);
  p.advance(59s);
  waits(3s + 5ms);
  p.advance(1min);
  waits(1s + 5ms);
}

BOOST_AUTO_TEST_CASE(a_group_waits_for_the_backoff_of_the_one_that_failed) {
  auto three = children("abc");
  three[1].backoff.first = 10s;
  play p{restart_strategy::one_for_all, three};
  p.begin().done();
  BOOST_TEST(p.fails('b').done() == "?c ?a ");
  BOOST_TEST(p.advance(9s).done() == "");
  BOOST_TEST(p.advance(1s).done() == "+a +b +c ");
}

BOOST_AUTO_TEST_CASE(one_that_is_renewed_is_restarted_alone_at_once_and_uncounted) {
  for (const auto how :
       {restart_strategy::one_for_one, restart_strategy::one_for_all, restart_strategy::rest_for_one}) {
    auto three = children("abc");
    three[1].backoff.first = 1h;
    play p{how, three, {1, 10s}};
    p.begin().done();
    BOOST_TEST(p.renew('a').renew('b').renew('b').done() == "?a +a ?b +b ?b +b ");
    p.fails('b').done();
    BOOST_TEST(p.renew('b').done()
               == (how == restart_strategy::one_for_one    ? "+b "
                   : how == restart_strategy::rest_for_one ? "+b +c "
                                                           : "+a +b +c "));
  }
}

BOOST_AUTO_TEST_CASE(one_that_has_ended_for_good_can_be_renewed) {
  play p{restart_strategy::one_for_one, {child('a', restart_policy::temporary)}};
  p.begin().fails('a').done();
  BOOST_TEST(p.renew('a').done() == "+a ");
  BOOST_TEST(p.fails('a').done() == "");
}

BOOST_AUTO_TEST_CASE(a_stop_ends_backoffs_starts_and_restarts_and_nothing_comes_after_it) {
  auto three = children("abc");
  three[0].backoff.first = 1h;
  three[2].ready_within = 1h;
  play p{restart_strategy::one_for_one, three};
  p.begin();
  p.done();
  p.ready('c').fails('a').fails('c').done();
  BOOST_TEST(p.stop().done() == "?c ?b . ");
  BOOST_TEST(p.stop().renew('a').advance(24h).done() == "");
  BOOST_CHECK(!p.rules.due());
}

BOOST_AUTO_TEST_CASE(a_supervisor_without_children_starts_and_stops) {
  play p{restart_strategy::one_for_all, {}};
  BOOST_TEST(p.begin().done() == "* ");
  BOOST_TEST(p.stop().done() == ". ");
}

BOOST_AUTO_TEST_CASE(a_storm_of_restarts_leaves_nothing_behind) {
  play p{restart_strategy::one_for_all, children("abc"), {100, 1s}};
  p.begin();
  for (int i = 0; i < 100'000; ++i)
    p.advance(11ms).fails("abc"[i % 3]).done();
  BOOST_TEST(p.runs('a') == 100'001u);
  BOOST_CHECK(!p.rules.due());
}

namespace {

/// What must hold after each event, whatever has happened.
void check(const play& p, restart_strategy how) {
  std::size_t starting = 0, alive = 0, marked_to_stop = 0, overdue = 0, pending = 0;
  for (std::size_t i = 0; i < p.rules.size(); ++i) {
    const auto& each = p.rules.at(i);
    starting += each.state == service_state::starting;
    marked_to_stop += each.marked_to_stop;
    alive += each.state != service_state::waiting && each.state != service_state::ended;
    BOOST_REQUIRE(!each.marked_to_stop || each.state != service_state::waiting);
    if (each.state == service_state::waiting && each.resume > p.now) {
      ++pending;
      BOOST_REQUIRE(each.position != 0);
    }
    overdue += each.state == service_state::waiting && each.resume <= p.now;
    if (each.state == service_state::stopping && each.stop_within != ta::no_timeout)
      BOOST_REQUIRE(each.position != 0);
  }
  if (how != restart_strategy::one_for_one)
    BOOST_REQUIRE(starting <= 1);
  if (overdue > 0) // it waits for its turn, and isn't forgotten
    BOOST_REQUIRE(starting + marked_to_stop + (how == restart_strategy::one_for_one ? 0 : pending) > 0);
  if (p.rules.ending())
    BOOST_REQUIRE(alive == marked_to_stop);
}

} // namespace

BOOST_AUTO_TEST_CASE(whatever_happens_in_whatever_order_it_ends_when_it_is_stopped) {
  std::mt19937_64 chance{7};
  const auto below = [&](std::uint64_t limit) { return chance() % limit; };
  const std::string names = "abcdef";
  std::size_t gave_up = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto how = static_cast<restart_strategy>(below(3));
    auto some = children(names.substr(0, 1 + below(names.size())));
    for (auto& each : some) {
      each.policy = static_cast<restart_policy>(below(3));
      if (below(3) == 0)
        each.ready_within = std::chrono::seconds{below(4)};
      each.stop_within = std::chrono::seconds{below(3)};
      each.backoff.first = std::chrono::seconds{below(3)};
    }
    play p{how, some, {below(30), 1min}};
    p.begin();
    for (int i = 0; i < 60; ++i) {
      p.obedient = below(2) == 0;
      p.mortal = below(4) != 0;
      const char which = names[below(some.size())];
      switch (below(6)) {
      case 0:
        p.ready(which);
        break;
      case 1:
      case 2:
        p.down(which, static_cast<exit_kind>(below(3)));
        break;
      case 3:
        p.renew(which);
        break;
      default:
        p.advance(std::chrono::milliseconds{below(3000)});
      }
      check(p, how);
    }
    gave_up += p.rules.ending();
    p.stop();
    p.advance(1h);
    const auto all = p.done();
    BOOST_REQUIRE(all.ends_with(". "));
    BOOST_REQUIRE(all.find(". ") == all.size() - 2);
    BOOST_REQUIRE(!p.rules.due());
  }
  BOOST_TEST(gave_up > 100u);
  BOOST_TEST(gave_up < 2900u);
}

BOOST_AUTO_TEST_SUITE_END()
