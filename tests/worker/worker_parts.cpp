// The parts of a worker and of a pool that need no process: the order of answers and output, what frames
// say, how a worker ends, which starts may be tried.
#include <boost/test/unit_test.hpp>

#include "transport/frame.hpp"
#include "worker/output_barrier.hpp"
#include "worker/start_breaker.hpp"
#include "worker/worker_end.hpp"
#include "worker/worker_message.hpp"

#include <taskactor/errc.hpp>
#include <taskactor/registry.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <system_error>

namespace ta = taskactor;
using namespace taskactor::detail;

namespace worker_parts {

std::optional<worker_message> read(const ta::json& content) {
  return read_worker_message(std::string_view{make_frame(content)}.substr(4)); // behind its length
}

ta::json bytes(const std::string& text) { return ta::json::binary({text.begin(), text.end()}); }

} // namespace worker_parts

BOOST_AUTO_TEST_SUITE(worker_parts)

using namespace ::worker_parts;

// -- output_barrier ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_answer_waits_only_for_output_of_its_own) {
  output_barrier barrier;
  BOOST_TEST(!barrier.must_drain(1, false));
  BOOST_TEST(barrier.must_drain(1, true)); // captured
  barrier.hold("1");
  barrier.drained();
  BOOST_TEST(!barrier.must_drain(1, true)); // once
  barrier.printed(2);
  BOOST_TEST(!barrier.must_drain(1, false));
  BOOST_TEST(barrier.must_drain(2, false));
  barrier.drained();
  barrier.begin_reading();
  BOOST_TEST(barrier.must_drain(3, false)); // some is on its way
  barrier.end_reading();
  BOOST_TEST(!barrier.must_drain(4, false));
}

BOOST_AUTO_TEST_CASE(what_comes_meanwhile_is_behind_it) {
  output_barrier barrier;
  BOOST_TEST(!barrier.keep("before"));
  BOOST_TEST(barrier.must_drain(1, true));
  barrier.hold("answer");
  BOOST_TEST(barrier.keep("next"));
  BOOST_TEST(barrier.keep_close(true));
  BOOST_TEST(barrier.is_draining());
  barrier.drained();
  BOOST_TEST(!barrier.is_draining());
  BOOST_TEST(barrier.next().value() == "answer");
  BOOST_TEST(barrier.next().value() == "next");
  BOOST_TEST(barrier.must_drain(2, true)); // the next one has to wait in its turn
  BOOST_TEST(barrier.is_draining());
  barrier.hold("next");
  BOOST_TEST(barrier.keep("last"));
  barrier.drained();
  BOOST_TEST(barrier.next().value() == "next");
  BOOST_TEST(barrier.next().value() == "last");
  BOOST_TEST(!barrier.next());
  BOOST_TEST(barrier.take_close().value());
  BOOST_TEST(!barrier.take_close());
  BOOST_TEST(!barrier.keep("later"));
  BOOST_TEST(!barrier.keep_close(false));
}

// -- worker_message ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(frames_are_read) {
  const auto result = std::get<worker_answer>(read({worker_frame::result, 7, bytes("\x01")}).value());
  BOOST_CHECK(result.kind == worker_frame::result);
  BOOST_TEST(result.number == 7U);
  BOOST_TEST(result.text == "\x01");
  const auto refused = std::get<worker_answer>(
      read({worker_frame::refused, 8, static_cast<int>(ta::errc::unknown_task), "no"}).value());
  BOOST_CHECK(refused.refusal == ta::errc::unknown_task);
  BOOST_TEST(refused.text == "no");
  BOOST_TEST(
      std::get<worker_hello>(read({worker_frame::hello, worker_protocol_version}).value()).same_version);
  BOOST_TEST(!std::get<worker_hello>(read({worker_frame::hello, 99}).value()).same_version);
  BOOST_TEST(!std::get<worker_hello>(read(ta::json::array({worker_frame::hello})).value()).same_version);
  const auto ask = std::get<worker_ask>(read({worker_frame::ask, 1, 2, "name", bytes("\x80"), true}).value());
  BOOST_TEST(ask.maker == 1U);
  BOOST_TEST(ask.number == 2U);
  BOOST_TEST(ask.name == "name");
  BOOST_TEST(ask.arguments == "\x80");
  BOOST_TEST(ask.captures);
}

BOOST_AUTO_TEST_CASE(frames_that_mean_nothing_are_none) {
  BOOST_TEST(!read("text"));
  BOOST_TEST(!read(ta::json::array()));
  BOOST_TEST(!read({"kind", 1}));
  BOOST_TEST(!read({worker_frame::stop, 1})); // the parent's
  BOOST_TEST(!read({worker_frame::signal, 1, 2, SIGSTOP}));
  BOOST_TEST(!read({worker_frame::result, 1, bytes("\x01\x01")}));
  BOOST_TEST(!read_worker_message("\xFF"));
  BOOST_CHECK_THROW(read({worker_frame::result, 1}), std::exception);
  BOOST_CHECK_THROW(read({worker_frame::printed, "one"}), std::exception);
}

// -- worker_end -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_end_is_over_with_the_process_and_the_link) {
  worker_end end;
  end.closed(false);
  BOOST_TEST(!end.is_over());
  ta::command_result result;
  result.exit_code = 3;
  end.exited(result);
  BOOST_TEST(end.is_over());
  BOOST_CHECK(end.how(true, true) == worker_end::kind::lost);
  BOOST_CHECK(end.how(false, true) == worker_end::kind::at_start);
  end.retired("idle");
  BOOST_CHECK(end.how(true, false) == worker_end::kind::retired);
  BOOST_CHECK(end.how(true, true) == worker_end::kind::lost); // it had a call all the same
  BOOST_TEST(end.why(worker_end::kind::retired, "; last") == "idle");
  BOOST_TEST(end.why(worker_end::kind::lost, "; last") == result.describe() + "; last");
}

BOOST_AUTO_TEST_CASE(the_first_violation_is_why_it_was_killed) {
  worker_end end;
  end.violated("one");
  end.violated("two");
  end.exited({});
  const auto why = end.why(worker_end::kind::lost, {});
  BOOST_TEST(why == "one, and was killed");
  BOOST_CHECK_THROW(std::rethrow_exception(end.error(worker_end::kind::lost, why, nullptr)), ta::worker_lost);
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(end.error(worker_end::kind::at_start, why, nullptr)),
                        std::system_error,
                        [](const auto& error) { return error.code() == ta::errc::worker_not_started; });
}

// -- start_breaker ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(after_three_failures_one_start_at_a_time_is_tried) {
  using namespace std::chrono_literals;
  start_breaker starts;
  const start_breaker::clock::time_point now{};
  pool_entry alive{0};
  starts.begin();
  BOOST_TEST(!starts.may_recover());
  starts.greeted(alive);
  BOOST_TEST(alive.lives);
  BOOST_TEST(starts.may_recover());
  const auto fail = [&](unsigned begun_after) {
    const pool_entry dead{begun_after};
    starts.ended(dead);
    starts.failed(dead, "no memory", now);
  };
  starts.begin();
  fail(0);
  fail(0); // was begun before it was known that the first fails
  BOOST_TEST(starts.failures() == 1U);
  fail(1);
  BOOST_TEST(!starts.holds_back(now));
  fail(2);
  BOOST_TEST(starts.holds_back(now));
  BOOST_CHECK(starts.pause_left(now) == 100ms);
  BOOST_CHECK_THROW(starts.check_pause(now), std::system_error);
  BOOST_TEST(!starts.holds_back(now + 100ms));
  starts.begin();
  BOOST_TEST(starts.holds_back(now + 100ms)); // one is being tried
  fail(3);
  BOOST_CHECK(starts.pause_left(now) == 200ms);
  pool_entry next{4};
  starts.begin();
  starts.greeted(next);
  BOOST_TEST(starts.failures() == 0U);
  BOOST_TEST(!starts.holds_back(now));
}

BOOST_AUTO_TEST_CASE(calls_wait_for_eight_failures_or_as_long_as_a_worker_lives) {
  start_breaker starts;
  const start_breaker::clock::time_point now{};
  pool_entry alive{0};
  starts.greeted(alive);
  for (unsigned i = 0; i < 9; ++i)
    starts.failed(pool_entry{i}, "", now);
  BOOST_TEST(starts.may_recover());
  starts.ended(alive);
  BOOST_TEST(!starts.may_recover());
  starts.greeted(alive);
  BOOST_TEST(starts.may_recover());
  starts.stop();
  BOOST_TEST(!starts.may_recover());
}

BOOST_AUTO_TEST_SUITE_END()
