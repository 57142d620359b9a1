#include <taskactor/state.hpp>

#include <boost/test/unit_test.hpp>

#include <sstream>

namespace states {
using namespace taskactor;
using namespace taskactor::detail;
} // namespace states

BOOST_AUTO_TEST_SUITE(states)

namespace {
constexpr taskactor::state all[] = {state::queued, state::running,   state::cancelling, state::completed,
                                    state::failed, state::cancelled, state::timed_out};
} // namespace

BOOST_AUTO_TEST_CASE(four_states_are_final) {
  int finals = 0;
  for (const auto s : all)
    finals += is_final(s) ? 1 : 0;
  BOOST_TEST(finals == 4);
  BOOST_TEST(!is_final(state::cancelling));
}

BOOST_AUTO_TEST_CASE(a_cancellation_drops_what_waits_signals_what_runs_and_comes_too_late_after_the_end) {
  BOOST_CHECK(on_cancel_request(state::queued) == cancel_step::drop_waiting);
  BOOST_CHECK(on_cancel_request(state::running) == cancel_step::signal_body);
  BOOST_CHECK(on_cancel_request(state::cancelling) == cancel_step::already_asked);
  for (const auto s : all)
    if (is_final(s))
      BOOST_CHECK(on_cancel_request(s) == cancel_step::too_late);
}

BOOST_AUTO_TEST_CASE(only_a_queued_task_starts_with_its_token) {
  for (const auto s : all)
    BOOST_CHECK(on_token(s) == (s == state::queued ? token_step::start : token_step::skip));
}

BOOST_AUTO_TEST_CASE(a_deadline_is_ignored_once_the_end_is_decided) {
  for (const auto s : all)
    for (const bool started : {false, true}) {
      BOOST_CHECK(on_deadline(s, started, true) == deadline_step::ignore);
      const auto undecided = on_deadline(s, started, false);
      if (is_final(s))
        BOOST_CHECK(undecided == deadline_step::ignore);
      else
        BOOST_CHECK(undecided == (started ? deadline_step::answer_and_signal : deadline_step::end_waiting));
    }
}

BOOST_AUTO_TEST_CASE(only_a_request_makes_cancelled_and_a_body_that_returns_has_completed) {
  for (const bool asked : {false, true}) {
    BOOST_CHECK(on_body_end(body_end::returned, asked) == state::completed);
    BOOST_CHECK(on_body_end(body_end::threw, asked) == state::failed);
    BOOST_CHECK(on_body_end(body_end::killed, asked) == state::cancelled);
  }
  BOOST_CHECK(on_body_end(body_end::stopped, true) == state::cancelled);
  BOOST_CHECK(on_body_end(body_end::stopped, false) == state::failed);
}

BOOST_AUTO_TEST_CASE(after_the_grace_comes_the_kill_and_then_it_is_left_behind) {
  BOOST_CHECK(on_grace_over(false, false) == grace_step::kill);
  BOOST_CHECK(on_grace_over(true, false) == grace_step::leave_behind);
  BOOST_CHECK(on_grace_over(true, true) == grace_step::ignore);
}

BOOST_AUTO_TEST_CASE(states_print_as_words) {
  std::ostringstream out;
  for (const auto s : all)
    out << s << ' ';
  BOOST_TEST(out.str() == "queued running cancelling completed failed cancelled timed out ");
}

BOOST_AUTO_TEST_SUITE_END()
