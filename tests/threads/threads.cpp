// Blocking calls on threads: real ones, in virtual time.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>
#include <set>

using namespace test;

BOOST_AUTO_TEST_SUITE(threads)

namespace {

/// A gate that a thread stands at until the test opens it.
class latch {
public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  void wait_for(int waiting) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_ >= waiting; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

int polite(std::stop_token stop, latch* started) {
  std::mutex mutex;
  std::condition_variable_any asleep;
  started->open();
  std::unique_lock lock{mutex};
  asleep.wait(lock, stop, [] { return false; });
  ta::this_task::throw_if_cancelled();
  return 1;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_call_gives_its_value_or_its_exception) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    const auto n = co_await ta::run_in_thread([](int a, std::unique_ptr<int> b) { return a + *b; }, 1,
                                              std::make_unique<int>(2));
    co_return n;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 3);
  auto bad = world.tasks.run_in_thread({}, []() -> int { throw std::out_of_range{"x"}; }).value();
  BOOST_CHECK_THROW(bad.get(), std::out_of_range);
  world.tasks.run_in_thread({}, [] {}).value().get();
}

BOOST_AUTO_TEST_CASE(a_call_runs_on_a_thread_of_its_own_and_knows_its_task) {
  virtual_time world;
  auto who = [] {
    ta::this_task::report_progress(2, 2);
    return std::pair{std::this_thread::get_id(), ta::this_task::id()};
  };
  auto h = world.tasks.run_in_thread({.id = "x"}, who).value();
  const auto [thread, id] = h.get();
  BOOST_CHECK(thread != std::this_thread::get_id());
  BOOST_TEST(id == "x");
  BOOST_TEST(world.tasks.find("x")->progress.done == 2u);
}

BOOST_AUTO_TEST_CASE(a_call_that_takes_a_stop_token_is_asked_to_stop) {
  virtual_time world;
  latch started;
  auto h = world.tasks.run_in_thread({.id = "x"}, polite, &started).value();
  world.settle();
  started.pass();
  h.cancel();
  world.run_until([&] { return h.finished(); });
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_call_that_returns_although_it_was_asked_to_stop_has_completed) {
  virtual_time world;
  latch gate;
  auto h = world.tasks.run_in_thread({}, [&gate] { return gate.pass(), 5; }).value();
  world.settle();
  gate.wait_for(1);
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelling);
  gate.open();
  world.run_until([&] { return h.finished(); });
  BOOST_TEST(h.get() == 5);
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_for_a_thread_is_withdrawn_by_a_cancellation) {
  virtual_time world{{.thread_capacity = 1}};
  latch gate;
  int runs = 0;
  auto first = world.tasks.run_in_thread({}, [&gate] { gate.pass(); }).value();
  auto second = world.tasks.run_in_thread({}, [&runs] { ++runs; }).value();
  world.settle();
  gate.wait_for(1);
  BOOST_TEST(world.tasks.statistics().thread.waiting == 1u);
  second.cancel();
  world.settle();
  BOOST_CHECK(second.state() == ta::state::cancelled);
  gate.open();
  world.run_until([&] { return first.finished(); });
  BOOST_TEST(runs == 0);
}

BOOST_AUTO_TEST_CASE(a_thread_that_can_not_be_ended_is_left_behind_and_keeps_both_its_tokens) {
  virtual_time world{{.capacity = 1, .thread_capacity = 1, .cancel_grace = 2s}};
  latch gate;
  auto stuck = world.tasks.run_in_thread({.id = "stuck", .timeout = 1s}, [&gate] { gate.pass(); }).value();
  auto next = world.tasks.add_task({}, [] { return 1; }).value();
  world.settle();
  gate.wait_for(1);
  world.advance(1s);
  BOOST_CHECK(stuck.state() == ta::state::timed_out);     // answered at the deadline
  BOOST_TEST(world.tasks.statistics().overrunning == 1u); // and so it is in its grace
  world.advance(3s);                                      // that, and the kill
  const auto facts = world.tasks.statistics();
  BOOST_TEST(facts.overrunning == 1u);
  BOOST_TEST(facts.overruns == 1u);
  BOOST_TEST(facts.global.in_use == 1u);
  BOOST_TEST(facts.thread.in_use == 1u);
  BOOST_CHECK(next.state() == ta::state::queued);
  const auto status = world.tasks.task_status();
  BOOST_REQUIRE(status.size() == 2u);
  BOOST_TEST(status[0].id == "stuck");
  BOOST_TEST(status[0].overrun);
  gate.open();
  world.run_until([&] { return next.finished(); });
  BOOST_TEST(next.get() == 1);
  BOOST_TEST(world.tasks.statistics().overrunning == 0u);
  BOOST_TEST(world.tasks.statistics().thread.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(the_pool_has_no_more_threads_than_its_limiter_lends_and_uses_them_again) {
  ta::task_manager tasks{{.thread_capacity = 4}};
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::atomic<int> now{0}, most{0};
  auto call = [&] {
    const int here = ++now;
    for (int m = most; here > m && !most.compare_exchange_weak(m, here);) {
    }
    const std::lock_guard lock{mutex};
    seen.insert(std::this_thread::get_id());
    --now;
  };
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < 2000; ++i)
    handles.push_back(tasks.run_in_thread({}, call).value());
  for (auto& h : handles)
    h.get();
  BOOST_TEST(most <= 4);
  BOOST_TEST(seen.size() <= 4u);
  BOOST_TEST(tasks.statistics().threads <= 4u);
  BOOST_TEST(tasks.statistics().thread.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_manager_with_a_stuck_thread_ends_in_bounded_time_and_says_so) {
  static latch gate; // outlives the manager: the thread is left behind
  {
    ta::task_manager tasks{{.cancel_grace = 0s}};
    auto h = tasks.run_in_thread({.id = "stuck"}, [] { gate.pass(); }).value();
    gate.wait_for(1);
    const auto report = tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 100ms});
    BOOST_TEST(!report.clean());
    BOOST_TEST(report.not_ended == std::vector<std::string>{"stuck"}, boost::test_tools::per_element());
    BOOST_CHECK(h.state() == ta::state::cancelled);
  }
  gate.open();
}

BOOST_AUTO_TEST_SUITE_END()
