// Task bodies: nesting, results, exceptions, arguments, what this_task knows.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

BOOST_AUTO_TEST_SUITE(coroutines)

namespace {

ta::task<int> one() { co_return 1; }

ta::task<int> sum_of(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i)
    sum += co_await one();
  co_return sum;
}

ta::task<int> deep(int depth) {
  if (depth == 0) {
    co_await ta::sleep_for(1ms);
    co_return 0;
  }
  const int below = co_await deep(depth - 1);
  co_return below + 1;
}

ta::task<int> deep_failure(int depth) {
  if (depth == 0)
    throw std::out_of_range{"bottom"};
  const int below = co_await deep_failure(depth - 1);
  co_return below;
}

ta::task<void> deep_hang(int depth, int* gone) {
  const witness here{gone};
  if (depth == 0)
    co_await hanging();
  else
    co_await deep_hang(depth - 1, gone);
}

ta::task<std::unique_ptr<int>> pass(std::unique_ptr<int> value) {
  co_await ta::yield();
  co_return value;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_million_sequential_awaits_do_not_grow_the_stack) {
  virtual_time world;
  BOOST_TEST(world.tasks.add_task({}, sum_of, 1'000'000).value().get() == 1'000'000);
}

BOOST_AUTO_TEST_CASE(ten_thousand_nested_awaits_return_and_throw_through_all_levels) {
  virtual_time world;
  BOOST_TEST(world.tasks.add_task({}, deep, 10'000).value().get() == 10'000);
  auto failed = world.tasks.add_task({}, deep_failure, 10'000).value();
  BOOST_CHECK_THROW(failed.get(), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(ten_thousand_nested_frames_are_destroyed_by_a_kill_and_by_an_exception) {
  for (const auto grace : {0s, 5s}) {
    int gone = 0;
    virtual_time world{{.cancel_grace = grace}};
    auto h = world.tasks.add_task({}, deep_hang, 10'000, &gone).value();
    world.settle();
    BOOST_CHECK(h.cancel() == ta::cancel_reply::requested);
    h.wait();
    BOOST_TEST(gone == 10'001);
  }
}

BOOST_AUTO_TEST_CASE(arguments_and_results_may_be_of_types_that_only_move) {
  virtual_time world;
  BOOST_TEST(*world.tasks.add_task({}, pass, std::make_unique<int>(9)).value().get() == 9);
  auto owner = [p = std::make_unique<int>(4)](std::unique_ptr<int> more) { return *p + *more; };
  BOOST_TEST(world.tasks.add_task({}, std::move(owner), std::make_unique<int>(5)).value().get() == 9);
}

BOOST_AUTO_TEST_CASE(captures_of_a_coroutine_lambda_live_as_long_as_its_body) {
  virtual_time world;
  auto body = [text = std::string(100, 'x')]() -> ta::task<std::size_t> {
    co_await ta::sleep_for(1s);
    co_return text.size();
  };
  auto h = world.tasks.add_task({}, std::move(body)).value();
  BOOST_TEST(h.get() == 100u);
}

BOOST_AUTO_TEST_CASE(plain_functions_and_function_objects_are_bodies_too) {
  virtual_time world;
  struct object {
    int operator()(int n) const { return n + 1; }
  };
  BOOST_TEST(world.tasks.add_task({}, object{}, 1).value().get() == 2);
  world.tasks.add_task({}, [] {}).value().get();
  auto failed = world.tasks.add_task({}, [] { throw std::domain_error{"no"}; }).value();
  BOOST_CHECK_THROW(failed.get(), std::domain_error);
}

BOOST_AUTO_TEST_CASE(an_exception_is_the_same_object_type_and_text_on_the_other_side) {
  virtual_time world;
  auto h = world.tasks.add_task({.id = "bad"}, failing, 1s).value();
  const auto& end = h.wait_outcome();
  BOOST_CHECK(end.state() == ta::state::failed);
  BOOST_TEST(end.error().message() == "failed: std::runtime_error: boom");
  BOOST_CHECK_THROW(h.get(), std::runtime_error);
  BOOST_TEST(world.tasks.find("bad")->error == "failed: std::runtime_error: boom");
}

BOOST_AUTO_TEST_CASE(a_task_that_was_never_awaited_is_dropped_without_running) {
  int runs = 0;
  auto body = [&runs]() -> ta::task<void> {
    ++runs;
    co_return;
  };
  { auto never = body(); }
  BOOST_TEST(runs == 0);
}

BOOST_AUTO_TEST_CASE(this_task_knows_its_id_its_deadline_and_what_is_left) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    co_await ta::sleep_for(2s);
    const auto left = ta::this_task::remaining();
    ta::this_task::report_progress(1, 3, "a third");
    co_await ta::sleep_for(1s);
    co_return ta::this_task::id() + " " + ta::detail::to_text(left);
  };
  auto h = world.tasks.add_task({.id = "me", .timeout = 10s}, body).value();
  world.advance(2s);
  const auto info = *world.tasks.find("me");
  BOOST_TEST(info.progress.done == 1u);
  BOOST_TEST(info.progress.total == 3u);
  BOOST_TEST(info.progress.text == "a third");
  BOOST_TEST(h.get() == "me 8 s");
}

BOOST_AUTO_TEST_CASE(outside_of_a_task_this_task_says_so) {
  BOOST_CHECK_EXCEPTION(ta::this_task::id(), std::system_error,
                        [](const std::system_error& e) { return e.code() == ta::errc::not_in_task; });
}

BOOST_AUTO_TEST_CASE(a_sleep_wakes_at_its_time_and_not_before) {
  virtual_time world;
  auto h = world.tasks.add_task({.timeout = ta::no_timeout}, after, 24h, 5).value();
  world.advance(24h - 1ns);
  BOOST_TEST(!h.finished());
  world.advance(1ns);
  BOOST_TEST(h.finished());
}

BOOST_AUTO_TEST_CASE(sleepers_wake_in_the_order_of_their_times) {
  virtual_time world;
  std::vector<int> order;
  auto body = [&order](int n) -> ta::task<void> {
    co_await ta::sleep_for(std::chrono::milliseconds{n});
    order.push_back(n);
  };
  for (const int n : {50, 10, 30, 20, 40})
    (void)world.tasks.add_task({}, body, n);
  world.advance(1s);
  BOOST_TEST(order == (std::vector{10, 20, 30, 40, 50}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_yield_lets_others_run_first) {
  virtual_time world;
  std::string order;
  auto body = [&order](char name) -> ta::task<void> {
    for (int i = 0; i < 3; ++i) {
      order += name;
      co_await ta::yield();
    }
  };
  (void)world.tasks.add_task({}, body, 'a');
  (void)world.tasks.add_task({}, body, 'b');
  world.settle();
  BOOST_TEST(order == "ababab");
}

BOOST_AUTO_TEST_SUITE_END()
