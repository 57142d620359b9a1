// Rules 4 to 6: tokens, their order, live resize, nested work without deadlock.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

BOOST_AUTO_TEST_SUITE(capacity)

namespace {

struct gauge {
  int now = 0;
  int most = 0;
  void enter() { most = std::max(most, ++now); }
  void leave() { --now; }
};

ta::task<void> measured(gauge* g) {
  g->enter();
  co_await ta::sleep_for(1s);
  g->leave();
}

ta::task<int> nest(int depth) {
  if (depth == 0)
    co_return 1;
  int sum = 0;
  const std::vector below(2, depth - 1);
  auto all = co_await ta::gather({}, nest, below);
  for (auto& each : all)
    sum += each.value();
  co_return sum;
}

} // namespace

BOOST_AUTO_TEST_CASE(never_more_run_than_there_are_tokens) {
  virtual_time world{{.capacity = 3}};
  gauge g;
  for (int i = 0; i < 20; ++i)
    (void)world.tasks.add_task({}, measured, &g);
  world.settle();
  BOOST_TEST(g.now == 3);
  BOOST_TEST(world.tasks.statistics().global.in_use == 3u);
  BOOST_TEST(world.tasks.statistics().waiting == 17u);
  world.advance(10s);
  BOOST_TEST(g.most == 3);
  BOOST_TEST(world.tasks.statistics().completed == 20u);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(tokens_are_given_in_the_order_of_submission) {
  virtual_time world{{.capacity = 1}};
  std::vector<int> order;
  for (int i = 0; i < 10; ++i)
    (void)world.tasks.add_task({}, [&order, i] { order.push_back(i); });
  world.settle();
  BOOST_TEST(order == (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_larger_capacity_takes_effect_at_once_and_a_smaller_one_as_tokens_come_back) {
  virtual_time world{{.capacity = 2}};
  gauge g;
  for (int i = 0; i < 30; ++i)
    (void)world.tasks.add_task({.timeout = ta::no_timeout}, measured, &g);
  world.settle();
  BOOST_TEST(g.now == 2);
  world.tasks.resize(ta::limiter_kind::global, 5);
  world.settle();
  BOOST_TEST(g.now == 5);
  world.tasks.resize(ta::limiter_kind::global, 1);
  world.settle();
  BOOST_TEST(g.now == 5);
  world.advance(1s);
  BOOST_TEST(g.now == 1);
  world.tasks.resize(ta::limiter_kind::global, 0);
  world.advance(100s);
  BOOST_TEST(g.now == 0);
  const auto done = world.tasks.statistics().completed;
  world.advance(100s);
  BOOST_TEST(world.tasks.statistics().completed == done);
  world.tasks.resize(ta::limiter_kind::global, 100);
  world.advance(1s);
  BOOST_TEST(world.tasks.statistics().completed == 30u);
}

BOOST_AUTO_TEST_CASE(a_gather_in_a_gather_in_a_task_with_one_token_ends) {
  virtual_time world{{.capacity = 1}};
  auto h = world.tasks.add_task({}, nest, 6).value();
  BOOST_TEST(h.get() == 64);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(tasks_that_await_tasks_with_one_token_end) {
  virtual_time world{{.capacity = 1}};
  struct recursion {
    virtual_time* world;
    ta::task<int> operator()(int depth) const {
      if (depth == 0)
        co_return 1;
      auto child = world->tasks.add_task({}, *this, depth - 1).value();
      const int below = co_await child;
      co_return below + 1;
    }
  };
  auto h = world.tasks.add_task({}, recursion{&world}, 50).value();
  BOOST_TEST(h.get() == 51);
}

BOOST_AUTO_TEST_CASE(a_parent_takes_its_token_again_ahead_of_the_queue) {
  virtual_time world{{.capacity = 1}};
  std::string order;
  auto child = [&order](int) { order += 'c'; };
  auto parent = [&order, child]() -> ta::task<void> {
    const std::vector one{1};
    auto all = co_await ta::gather({}, child, one);
    order += 'p';
  };
  (void)world.tasks.add_task({}, parent);
  for (int i = 0; i < 3; ++i)
    (void)world.tasks.add_task({}, [&order] { order += '.'; });
  world.settle();
  BOOST_TEST(order.find('p') < 3u); // one of the others may have had the token when the child was done
}

BOOST_AUTO_TEST_CASE(capacity_is_not_exceeded_while_parents_wait) {
  virtual_time world{{.capacity = 2}};
  gauge g;
  auto parent = [&g]() -> ta::task<void> {
    g.enter();
    co_await ta::sleep_for(1s);
    g.leave();
    const std::vector three(3, &g);
    auto all = co_await ta::gather({}, measured, three);
    g.enter();
    co_await ta::sleep_for(1s);
    g.leave();
  };
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < 6; ++i)
    handles.push_back(world.tasks.add_task({}, parent).value());
  for (auto& h : handles)
    h.get();
  BOOST_TEST(g.most == 2);
}

BOOST_AUTO_TEST_SUITE_END()
