// Faults that a test orders: kills, lost threads, processes that don't start.
#include "lifecycle/bodies.hpp"

#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>

using namespace test;
using ta::testing::manager;
using ta::testing::thread_calls;
using ta::testing::when_lost;

BOOST_AUTO_TEST_SUITE(faults_ordered)

namespace {

constexpr thread_calls both_ways[] = {thread_calls::on_threads, thread_calls::in_turn};

ta::task<int> call_twice(std::atomic<int>* made) {
  auto call = [made] { return ++*made; };
  (void)co_await ta::run_in_thread(call);
  const auto n = co_await ta::run_in_thread(call);
  co_return n;
}

ta::errc start_of(manager& m, const char* id) {
  try {
    (void)m.tasks().run_command({.id = id}, {"true"}).value().get();
  } catch (const std::system_error& error) {
    return static_cast<ta::errc>(error.code().value());
  }
  return {};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_killed_task_is_gone_without_a_grace) {
  manager m;
  int gone = 0, swallowed = 0;
  auto body = [&](int* seen) -> ta::task<int> {
    const witness there{&gone};
    const auto n = co_await swallowing(seen);
    co_return n;
  };
  auto h = m.tasks().add_task({.id = "x"}, body, &swallowed).value();
  m.settle();
  BOOST_TEST(m.kill_task("x"));
  m.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 1);
  BOOST_TEST(swallowed == 0); // it wasn't asked
  BOOST_CHECK(m.elapsed() == 0s);
  BOOST_TEST(m.tasks().statistics().global.in_use == 0u);
  BOOST_TEST(!m.kill_task("x"));
}

BOOST_AUTO_TEST_CASE(a_kill_of_a_waiting_task_cancels_it) {
  manager m{{.manager = {.capacity = 0}}};
  auto h = m.tasks().add_task({.id = "x"}, [] {}).value();
  BOOST_TEST(m.kill_task("x"));
  m.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_call_that_loses_its_thread_is_ended_by_the_deadline_and_overruns) {
  for (const auto how : both_ways)
    for (const auto when : {when_lost::before_call, when_lost::after_call})
      BOOST_TEST_CONTEXT("calls " << int(how) << ", lost " << int(when)) {
        manager m{{.calls = how, .manager = {.capacity = 1, .thread_capacity = 1, .cancel_grace = 2s}}};
        std::atomic<int> made = 0;
        m.lose_thread({.nth = 2}, when);
        BOOST_TEST(m.faults_to_come() == 1u);
        auto h = m.tasks().add_task({.id = "x", .timeout = 1min}, call_twice, &made).value();
        BOOST_CHECK(h.wait_outcome().error().reason() == ta::end_reason::run_timeout);
        BOOST_CHECK(m.elapsed() == 1min); // answered at the deadline
        BOOST_TEST(made == (when == when_lost::before_call ? 1 : 2));
        BOOST_TEST(m.faults_to_come() == 0u);
        m.advance(3s); // the grace, and the kill
        auto facts = m.tasks().statistics();
        BOOST_TEST(facts.overrunning == 1u);
        BOOST_TEST(facts.global.in_use == 1u);
        BOOST_TEST(facts.thread.in_use == 1u);
        BOOST_TEST(m.bring_back_threads() == 1u);
        m.settle();
        facts = m.tasks().statistics();
        BOOST_TEST(facts.overrunning == 0u);
        BOOST_TEST(facts.overruns == 1u);
        BOOST_TEST(facts.global.in_use == 0u);
        BOOST_TEST(facts.thread.in_use == 0u);
      }
}

BOOST_AUTO_TEST_CASE(without_a_deadline_a_lost_thread_is_a_deadlock) {
  manager m; // its patience of 20 s isn't spent on a thread that is gone
  m.lose_thread();
  auto h = m.tasks().run_in_thread({.id = "x"}, [] {}).value();
  BOOST_CHECK_EXCEPTION(h.get(), ta::testing::deadlock, [](const auto& stuck) {
    return stuck.waiting().at(0).waits_for == "its call on a thread";
  });
}

BOOST_AUTO_TEST_CASE(a_thread_that_comes_back_in_time_delivers_what_it_has_done) {
  for (const auto how : both_ways) {
    manager m{{.calls = how}};
    m.lose_thread({}, when_lost::after_call);
    auto made = m.tasks().run_in_thread({}, [] { return 5; }).value();
    BOOST_CHECK_THROW(made.get(), ta::testing::deadlock);
    BOOST_TEST(m.bring_back_threads() == 1u);
    BOOST_TEST(made.get() == 5);
    m.lose_thread({}, when_lost::before_call);
    auto never = m.tasks().run_in_thread({}, [] { return 5; }).value();
    m.settle();
    BOOST_TEST(m.bring_back_threads() == 1u);
    BOOST_CHECK_THROW(never.get(), ta::testing::thread_lost);
  }
}

BOOST_AUTO_TEST_CASE(a_fault_can_be_meant_for_one_task) {
  manager m{{.calls = thread_calls::in_turn}};
  std::atomic<int> made = 0;
  m.lose_thread({.nth = 2, .task = "b"});
  auto a = m.tasks().add_task({.id = "a", .timeout = 1s}, call_twice, &made).value();
  auto b = m.tasks().add_task({.id = "b", .timeout = 1s}, call_twice, &made).value();
  m.run_until_idle();
  BOOST_CHECK(a.state() == ta::state::completed);
  BOOST_CHECK(b.state() == ta::state::timed_out);
  BOOST_TEST(made == 3);
}

BOOST_AUTO_TEST_CASE(several_faults_count_on_the_same_calls) {
  manager m;
  m.lose_thread({.nth = 1});
  m.lose_thread({.nth = 3});
  int delivered = 0;
  for (int i = 0; i < 4; ++i) {
    auto h = m.tasks().run_in_thread({.timeout = 1s}, [] {}).value();
    delivered += h.wait_outcome() ? 1 : 0;
  }
  BOOST_TEST(delivered == 2);
  BOOST_TEST(m.faults_to_come() == 0u);
}

BOOST_AUTO_TEST_CASE(a_manager_with_lost_threads_ends_clean) {
  int gone = 0;
  {
    manager m;
    m.lose_thread({}, when_lost::after_call);
    auto owned = std::make_unique<witness>(&gone);
    (void)m.tasks().run_in_thread({.timeout = 1s}, [kept = std::move(owned)] {});
    m.run_until_idle();
  }
  BOOST_TEST(gone == 1); // the call with all that it holds
}

BOOST_AUTO_TEST_CASE(the_nth_start_of_a_process_fails) {
  manager m;
  m.fail_process_start({.nth = 2});
  m.fail_process_start({.task = "d"}, ta::errc::command_not_found);
  BOOST_CHECK(start_of(m, "a") == ta::errc{});
  BOOST_CHECK(start_of(m, "b") == ta::errc::command_not_started);
  BOOST_CHECK(start_of(m, "c") == ta::errc{});
  BOOST_CHECK(start_of(m, "d") == ta::errc::command_not_found);
  BOOST_TEST(m.faults_to_come() == 0u);
  BOOST_TEST(m.tasks().statistics().process.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_zeroth_occurrence_is_refused) {
  manager m;
  BOOST_CHECK_THROW(m.lose_thread({.nth = 0}), std::system_error);
  BOOST_CHECK_THROW(m.fail_process_start({.nth = 0}), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
