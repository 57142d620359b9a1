// Time that moves by the test's hand, and blocking calls that jump.
#include "lifecycle/bodies.hpp"

#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

using namespace test;
using ta::testing::manager;

BOOST_AUTO_TEST_SUITE(jumps)

namespace {

ta::task<int> heartbeat(int* beats) {
  for (;;) {
    co_await ta::sleep_for(1s);
    ++*beats;
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(no_time_passes_and_nothing_runs_by_itself) {
  manager m;
  bool ran = false;
  auto h = m.tasks().add_task({}, [&ran] { ran = true; }).value();
  BOOST_TEST(!ran);
  m.settle();
  BOOST_TEST(ran);
  BOOST_CHECK(h.state() == ta::state::completed);
  BOOST_CHECK(m.elapsed() == 0s);
  BOOST_TEST(m.steps() > 0u);
}

BOOST_AUTO_TEST_CASE(advancing_settles_at_each_due_time_on_the_way) {
  manager m;
  int beats = 0;
  (void)m.tasks().add_task({}, heartbeat, &beats);
  m.advance(3500ms);
  BOOST_TEST(beats == 3);
  BOOST_CHECK(m.elapsed() == 3500ms);
  m.advance(500ms);
  BOOST_TEST(beats == 4);
}

BOOST_AUTO_TEST_CASE(a_blocking_call_jumps_to_what_it_waits_for) {
  manager m;
  auto h = m.tasks().add_task({}, after, 24h, 7).value();
  BOOST_TEST(h.get() == 7);
  BOOST_CHECK(m.elapsed() == 24h);
}

/// A thread's call gives its token back before it wakes its task: the clock must not move in between.
BOOST_AUTO_TEST_CASE(the_clock_does_not_jump_over_work_that_is_just_ending) {
  constexpr int calls = 10'000;
  manager m{{.manager = {.capacity = 2, .thread_capacity = 2}}};
  auto call = []() -> ta::task<int> { // not in one expression: g++ 12
    const int got = co_await ta::run_in_thread([] { return 1; });
    co_return got;
  };
  for (int i = 0; i < calls; ++i) {
    auto h = m.tasks().add_task({.timeout = 1h}, call).value();
    m.run_until([&] { return h.finished(); });
    BOOST_REQUIRE(h.state() == ta::state::completed);
  }
  BOOST_CHECK(m.elapsed() == 0s);
}

BOOST_AUTO_TEST_CASE(a_wait_with_a_limit_ends_at_its_limit_in_virtual_time) {
  manager m;
  auto h = m.tasks().add_task({}, after, 10s, 1).value();
  BOOST_TEST(!h.wait_for(4s));
  BOOST_CHECK(m.elapsed() == 4s);
  BOOST_TEST(h.wait_for(1h));
  BOOST_CHECK(m.elapsed() == 10s);
}

BOOST_AUTO_TEST_CASE(a_wait_with_a_limit_ends_even_when_nothing_is_due) {
  manager m{{.manager = {.capacity = 0}}};
  auto h = m.tasks().add_task({}, [] {}).value();
  BOOST_TEST(!h.wait_for(1h));
  BOOST_CHECK(m.elapsed() == 1h);
}

BOOST_AUTO_TEST_CASE(gathers_and_shutdowns_jump_as_well) {
  manager m;
  const std::vector<int> items{1, 2, 3};
  auto all = m.tasks().gather(
      {.concurrency = 1}, [](int n) { return after(1h, n); }, items);
  BOOST_TEST(all.size() == 3u);
  BOOST_CHECK(m.elapsed() == 3h);
  (void)m.tasks().add_task({.id = "slow"}, hanging);
  const auto report = m.tasks().shutdown({.drain = 1h, .cancel = 1min});
  BOOST_TEST(report.cancelled == 1u);
  BOOST_CHECK(m.elapsed() == 4h);
}

BOOST_AUTO_TEST_CASE(running_until_idle_ends_when_nothing_is_due_any_more) {
  manager m;
  auto first = m.tasks().add_task({}, after, 1s, 1).value();
  auto second = m.tasks().add_task({}, after, 2h, 2).value();
  m.run_until_idle();
  BOOST_TEST(second.finished());
  BOOST_CHECK(m.elapsed() == 2h);
  BOOST_TEST(!m.jump());
}

BOOST_AUTO_TEST_CASE(the_clock_stands_still_while_a_thread_is_at_work) {
  manager m;
  auto call = [](std::shared_future<void> go) { go.wait(); };
  std::promise<void> go;
  auto h = m.tasks().run_in_thread({.timeout = 1s}, call, go.get_future().share()).value();
  m.settle();
  const std::jthread opener{[&go] { go.set_value(); }};
  h.get(); // hadn't the clock stood still, its time would have been up
  BOOST_CHECK(m.elapsed() == 0s);
}

BOOST_AUTO_TEST_CASE(patience_with_a_thread_ends_and_the_deadline_comes) {
  manager m;
  m.set_patience(10ms);
  std::promise<void> go;
  auto call = [](std::shared_future<void> may) { may.wait(); };
  auto h = m.tasks().run_in_thread({.timeout = 1s}, call, go.get_future().share()).value();
  BOOST_CHECK(h.wait_outcome().error().state() == ta::state::timed_out);
  BOOST_CHECK(m.elapsed() == 1s);
  go.set_value();
  m.set_patience(20s); // now it comes back
  m.run_until([&] { return m.tasks().statistics().running == 0; });
}

BOOST_AUTO_TEST_CASE(a_blocking_call_on_another_thread_waits_until_the_test_drives) {
  manager m;
  auto h = m.tasks().add_task({}, after, 1h, 5).value();
  auto other = std::async(std::launch::async, [h] { return h.get(); });
  m.run_until([&] { return h.finished(); });
  BOOST_TEST(other.get() == 5);
}

BOOST_AUTO_TEST_CASE(another_thread_can_not_drive) {
  manager m;
  auto other = std::async(std::launch::async, [&m] { m.settle(); });
  BOOST_CHECK_THROW(other.get(), ta::testing::test_error);
}

BOOST_AUTO_TEST_CASE(another_thread_can_destroy) {
  auto m = std::make_unique<manager>();
  auto h = m->tasks().add_task({}, hanging).value();
  m->settle();
  std::async(std::launch::async, [owned = std::move(m)]() mutable { owned.reset(); }).get();
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_thread_that_waits_for_a_task_does_not_hold_up_the_clock) {
  manager m; // its patience of 20 s would be seen
  auto call = [&m] { return m.tasks().add_task({}, after, 24h, 6).value().get(); };
  BOOST_TEST(m.tasks().run_in_thread({}, call).value().get() == 6);
  BOOST_CHECK(m.elapsed() == 24h);
}

BOOST_AUTO_TEST_CASE(calls_in_turn_are_made_on_the_test_s_thread) {
  manager m{{.calls = ta::testing::thread_calls::in_turn}};
  auto h = m.tasks().run_in_thread({}, [] { return std::this_thread::get_id(); }).value();
  BOOST_CHECK(h.get() == std::this_thread::get_id());
  auto nested = [&m] { return m.tasks().add_task({}, after, 1h, 4).value().get(); };
  BOOST_TEST(m.tasks().run_in_thread({}, nested).value().get() == 4);
}

BOOST_AUTO_TEST_CASE(what_is_unset_is_the_same_on_every_machine) {
  manager m;
  const auto facts = m.tasks().statistics();
  BOOST_TEST(facts.global.capacity == 32u);
  BOOST_TEST(facts.thread.capacity == 16u);
  BOOST_TEST(facts.process.capacity == 4u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_manager_ends_its_tasks) {
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    const witness seen{&gone};
    co_await ta::sleep_for(std::chrono::hours{24 * 365});
  };
  {
    manager m;
    (void)m.tasks().add_task({}, body);
    m.settle();
    BOOST_TEST(gone == 0);
  }
  BOOST_TEST(gone == 1);
}

BOOST_AUTO_TEST_SUITE_END()
