// async_generator and as_completed.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace test;

namespace generators {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

ta::async_generator<std::unique_ptr<int>> counted(int count, int* gone = nullptr) {
  int unused = 0;
  const witness here{gone ? gone : &unused};
  for (int i = 0; i < count; ++i) {
    co_await ta::sleep_for(1s);
    co_yield std::make_unique<int>(i);
  }
}

ta::task<int> sleepy(int seconds) {
  co_await ta::sleep_for(std::chrono::seconds{seconds});
  if (seconds == 3)
    throw std::runtime_error{"three"};
  co_return seconds;
}

} // namespace generators

BOOST_AUTO_TEST_SUITE(generators)

BOOST_AUTO_TEST_CASE(a_generator_gives_values_awaits_between_them_and_ends) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int sum = 0, gone = 0;
    {
      auto all = counted(4, &gone);
      while (auto one = co_await all.next())
        sum += **one;
      const auto after_end = co_await all.next();
      BOOST_TEST(!after_end);
      auto moved = std::move(all);
      const auto from_moved = co_await all.next();
      BOOST_TEST(!from_moved);
    }
    BOOST_TEST(gone == 1);
    co_return sum;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == 6);
  BOOST_CHECK(world.now() - begin == 4s);
}

BOOST_AUTO_TEST_CASE(what_a_generator_throws_comes_out_of_next_and_ends_it) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto failing_one = []() -> ta::async_generator<int> {
      co_yield 1;
      throw std::out_of_range{"two"};
    };
    auto all = failing_one();
    std::string trace = std::to_string((co_await all.next()).value());
    try {
      co_await all.next();
    } catch (const std::out_of_range& e) {
      trace += e.what();
    }
    const auto end = co_await all.next();
    co_return trace + (end ? "more" : "");
  };
  BOOST_TEST(run(world, body) == "1two");
}

BOOST_AUTO_TEST_CASE(a_deadline_around_next_reaches_the_generators_await_and_a_dropped_one_is_destroyed) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<int> {
    {
      auto all = counted(10, &gone);
      const auto first = co_await all.next();
      BOOST_TEST(**first == 0);
      const auto late = co_await ta::move_on_after(100ms, [&all] { return all.next(); });
      BOOST_TEST(!late);
      const auto end = co_await all.next(); // it was stopped, as any body
      BOOST_TEST(!end);
      auto dropped = counted(10, &gone);
      co_await dropped.next();
    }
    co_return gone;
  };
  BOOST_TEST(run(world, body) == 2);
}

BOOST_AUTO_TEST_CASE(a_task_killed_inside_a_generator_destroys_it_once) {
  virtual_time world{{.cancel_grace = 0s}};
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    auto all = counted(10, &gone);
    co_await all.next();
    co_await all.next();
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  world.advance(1500ms);
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 1);
}

BOOST_AUTO_TEST_CASE(outcomes_come_as_they_are_ready) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto done = ta::as_completed({.concurrency = 3}, sleepy, std::vector{4, 3, 1, 2});
    while (auto one = co_await done.next())
      trace += std::to_string(one->index) + (one->result ? "+ " : "- ");
    co_return trace;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == "2+ 1- 3+ 0+ ");
  BOOST_CHECK(world.now() - begin == 4s);
}

BOOST_AUTO_TEST_CASE(dropping_it_cancels_the_rest_which_the_task_outlasts) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    auto item = [&gone](int n) -> ta::task<void> {
      const witness here{&gone};
      if (n == 0)
        co_return;
      co_await ta::shield(ta::sleep_for(5s));
    };
    auto done = ta::as_completed({.concurrency = 3}, item, std::vector{1, 0, 2, 3});
    const auto first = co_await done.next();
    BOOST_TEST(first->index == 1u);
  };
  const auto begin = world.now();
  auto h = world.tasks.add_task({}, body).value();
  h.wait();
  BOOST_TEST(gone >= 3);
  BOOST_CHECK(world.now() - begin == 5s);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_gather_ends_early_at_its_first_error_or_with_its_quorum) {
  virtual_time world;
  const auto begin = world.now();
  const auto failed = world.tasks.gather({.concurrency = 2, .until = ta::gather_end::first_error()}, sleepy,
                                         std::vector{3, 9, 9, 9});
  BOOST_CHECK(world.now() - begin == 3s);
  BOOST_CHECK(failed[0].state() == ta::state::failed);
  BOOST_CHECK(failed[1].error().reason() == ta::end_reason::group_ended);
  BOOST_CHECK(failed[2].error().reason() == ta::end_reason::not_started);
  const auto some = world.tasks.gather({.concurrency = 4, .until = ta::gather_end::quorum(2)}, sleepy,
                                       std::vector{3, 9, 4, 5, 9});
  BOOST_CHECK(world.now() - begin == 8s);
  BOOST_CHECK(some[2].has_value() && some[3].has_value());
  BOOST_CHECK(some[0].state() == ta::state::failed);
  BOOST_CHECK(some[1].state() == ta::state::cancelled);
  auto nested = []() -> ta::task<std::size_t> {
    const std::vector pauses{3, 9};
    const auto all = co_await ta::gather({.until = ta::gather_end::first_error()}, sleepy, pauses);
    co_return all.size();
  };
  BOOST_TEST(run(world, nested) == 2u);
}

BOOST_AUTO_TEST_CASE(the_items_of_a_gather_inside_a_task_have_ids_below_its_own) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const std::vector pauses{1, 2};
    co_await ta::gather({.id = "pages"}, sleepy, pauses);
  };
  auto h = world.tasks.add_task({.id = "parent"}, body).value();
  world.settle();
  const auto status = world.tasks.task_status();
  BOOST_REQUIRE(status.size() == 3u);
  BOOST_TEST(status[1].id == "parent/pages/0");
  BOOST_TEST(status[1].parent == "parent");
  h.wait();
}

BOOST_AUTO_TEST_SUITE_END()
