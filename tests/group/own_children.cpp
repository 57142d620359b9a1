// A body that waits for a child of its own which fails is told why.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace test;

namespace own_children {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

/// What an await of `child` throws.
ta::task<std::string> thrown_by(ta::handle<int> child) {
  try {
    (void)co_await child;
  } catch (const ta::cancelled_error&) {
    co_return "cancelled";
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "nothing";
}

} // namespace own_children

BOOST_AUTO_TEST_SUITE(own_children)

BOOST_AUTO_TEST_CASE(the_await_of_a_child_that_fails_gives_its_exception) {
  virtual_time world;
  std::string told;
  std::size_t errors = 0;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        auto child = group.add_task({}, failing, 1s).value();
        told = co_await thrown_by(child);
        (void)co_await child; // again: and out of the body
      });
    } catch (const ta::group_error& e) {
      errors = e.errors().size();
    }
  };
  run(world, body);
  BOOST_TEST(told == "boom");
  BOOST_TEST(errors == 1u); // the one that the child and the body have
}

BOOST_AUTO_TEST_CASE(so_does_the_await_of_one_that_has_failed_before) {
  virtual_time world;
  std::string told;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        auto child = group.add_task({}, failing, 1s).value();
        co_await ta::shield(ta::sleep_for(2s));
        told = co_await thrown_by(child);
      });
    } catch (const ta::group_error&) { // NOLINT: its error is looked at above
    }
  };
  run(world, body);
  BOOST_TEST(told == "boom");
}

BOOST_AUTO_TEST_CASE(a_child_whose_time_is_up_says_so) {
  virtual_time world;
  std::string told;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        auto child = group.add_task({.timeout = 1s}, hanging).value();
        told = co_await thrown_by(child);
      });
    } catch (const ta::group_error&) { // NOLINT: its error is looked at above
    }
  };
  run(world, body);
  BOOST_TEST(told.find("timed out") != std::string::npos, told);
}

BOOST_AUTO_TEST_CASE(the_await_of_another_child_is_cancelled) {
  virtual_time world;
  std::string told, inner_told;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        auto other = group.add_task({}, hanging).value();
        auto sibling = group.add_task({}, failing, 1s).value();
        group.start([&inner_told, sibling]() -> ta::task<void> {
          inner_told = co_await thrown_by(sibling); // no child of its own; either may come first
        });
        told = co_await thrown_by(other);
      });
    } catch (const ta::group_error& e) {
      BOOST_TEST(e.errors().size() == 1u);
    }
  };
  run(world, body);
  BOOST_TEST(told == "cancelled");
  BOOST_TEST(!inner_told.empty());
}

BOOST_AUTO_TEST_CASE(a_group_in_a_group_sees_the_outer_ones_child) {
  virtual_time world;
  std::string told;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::with_group([&](ta::task_group& outer) -> ta::task<void> {
        auto child = outer.add_task({.id = "first"}, failing, 1s).value();
        co_await ta::with_group([&](ta::task_group&) -> ta::task<void> { told = co_await thrown_by(child); });
      });
    } catch (const ta::group_error&) { // NOLINT: its error is looked at above
    }
  };
  run(world, body);
  BOOST_TEST(told == "boom");
}

BOOST_AUTO_TEST_CASE(a_body_that_goes_on_waiting_for_it_is_ended_all_the_same) {
  virtual_time world{{.cancel_grace = 1s}};
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      auto child = group.add_task({}, failing, 1s).value();
      for (;;)
        (void)co_await thrown_by(child);
    });
  };
  auto h = world.tasks.add_task({.id = "parent", .timeout = 5s}, body).value();
  world.advance(10s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
