// What reaches a group from around it when only its children are left, and children that others end.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace test;

namespace group_cancellations {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "p"}, std::move(body)).value().get();
}

/// Its body ends at once, its child after `pause`.
ta::task<void> group_of_one(std::chrono::nanoseconds pause) {
  auto all = [pause](ta::task_group& group) -> ta::task<void> {
    group.start(after, pause, 1);
    co_return;
  };
  co_await ta::with_group(all);
}

ta::task<int> value_in_group(std::chrono::nanoseconds pause) {
  auto all = [pause](ta::task_group& group) -> ta::task<int> {
    group.start(after, pause, 1);
    co_return 7;
  };
  const int got = co_await ta::with_group(all);
  co_return got;
}

/// Ends by itself, although it is told.
ta::task<void> stubborn_group() {
  auto all = [](ta::task_group& group) -> ta::task<void> {
    group.start([]() -> ta::task<void> { co_await ta::shield(ta::sleep_for(3s)); });
    co_return;
  };
  co_await ta::with_group(all);
}

ta::task<int> one() {
  co_await ta::sleep_for(1s);
  co_return 1;
}

ta::task<int> forever() {
  co_await ta::sleep_for(24h);
  co_return 2;
}

} // namespace group_cancellations

BOOST_AUTO_TEST_SUITE(group_cancellations)

BOOST_AUTO_TEST_CASE(a_deadline_that_comes_when_only_children_are_left_is_told) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    const bool in_time = co_await ta::move_on_after(50ms, group_of_one(1s));
    trace += in_time ? "in time " : "late ";
    const auto value = co_await ta::move_on_after(50ms, value_in_group(1s));
    trace += value ? "value " : "none ";
    try {
      co_await ta::fail_after(50ms, group_of_one(1s));
    } catch (const ta::timeout_error&) {
      trace += "timeout ";
    }
    const bool stubborn = co_await ta::move_on_after(50ms, stubborn_group());
    trace += stubborn ? "in time" : "late";
    co_return trace;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == "late none timeout late");
  BOOST_CHECK(world.now() - begin == 3150ms); // the children are asked to end at once, and waited for
}

BOOST_AUTO_TEST_CASE(a_deadline_that_does_not_come_changes_nothing) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    const bool in_time = co_await ta::move_on_after(2s, group_of_one(1s));
    trace += in_time ? "in time " : "late ";
    const auto value = co_await ta::fail_after(2s, value_in_group(1s));
    trace += std::to_string(value);
    const bool nothing = co_await ta::move_on_after(
        0s, [] { return ta::with_group([](ta::task_group&) -> ta::task<void> { co_return; }); });
    co_return trace + (nothing ? " in time" : " late"); // what ends by itself has ended so
  };
  BOOST_TEST(run(world, body) == "in time 7 in time");
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_cancelled_when_only_children_are_left_is_cancelled) {
  for (const int how : {0, 1, 2}) {
    virtual_time world;
    auto body = []() -> ta::task<void> { co_await group_of_one(1h); };
    auto deep = [body]() -> ta::task<void> {
      auto all = [body](ta::task_group& group) -> ta::task<void> {
        group.start(body);
        co_return;
      };
      co_await ta::with_group(all);
    };
    auto h = world.tasks.add_task({.id = "p", .timeout = how == 2 ? 1s : 1h}, deep).value();
    world.settle();
    if (how == 0)
      h.cancel();
    else if (how == 1)
      world.tasks.shutdown({.drain = 1s, .cancel = 1s});
    world.advance(2s);
    BOOST_CHECK(h.state() == (how == 2 ? ta::state::timed_out : ta::state::cancelled));
    BOOST_CHECK(world.tasks.find("p/1")->state == ta::state::cancelled);
    BOOST_CHECK(world.tasks.find("p/1/1")->state == ta::state::cancelled);
    BOOST_TEST(world.tasks.statistics().running == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_groups_own_cancellation_does_not_hide_one_from_outside) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto cancelled_inside = []() -> ta::task<void> {
      auto all = [](ta::task_group& group) -> ta::task<void> {
        group.cancel();
        try {
          co_await ta::sleep_for(1s);
        } catch (const ta::cancelled_error&) {
        }
        co_await ta::shield(ta::sleep_for(1s)); // meanwhile the scope around expires as well
        co_await ta::yield();
      };
      co_await ta::with_group(all);
    };
    const bool in_time = co_await ta::move_on_after(50ms, cancelled_inside());
    const bool alone = co_await ta::move_on_after(5s, cancelled_inside());
    co_return std::string{in_time ? "in time" : "late"} + (alone ? ", in time" : ", late");
  };
  BOOST_TEST(run(world, body) == "late, in time");
}

BOOST_AUTO_TEST_CASE(an_error_of_a_child_is_not_lost_in_a_deadline) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto messy = []() -> ta::task<void> {
      auto child = []() -> ta::task<void> {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
          throw std::logic_error{"clean-up"};
        }
      };
      auto all = [child](ta::task_group& group) -> ta::task<void> {
        group.start(child);
        co_return;
      };
      co_await ta::with_group(all);
    };
    std::string trace;
    try {
      const bool in_time = co_await ta::move_on_after(50ms, messy());
      trace = in_time ? "in time" : "late";
    } catch (const ta::group_error& e) {
      trace = ta::describe(e.errors().at(0));
    }
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "std::logic_error: clean-up");
}

BOOST_AUTO_TEST_CASE(a_child_that_was_shed_has_failed) {
  for (const bool by_when_all : {false, true}) {
    virtual_time world{{.capacity = 1, .max_queue = 3}};
    auto body = [by_when_all]() -> ta::task<std::string> {
      auto all = [](ta::task_group& group) -> ta::task<void> {
        group.start(one);
        group.start(one);
        co_await ta::sleep_for(1h);
      };
      std::string trace = "done";
      try {
        if (by_when_all)
          co_await ta::when_all(one(), one());
        else
          co_await ta::with_group(all);
      } catch (const ta::group_error& e) {
        trace = ta::describe(e.errors().at(0));
      } catch (const ta::task_error& e) {
        trace = e.what();
      }
      co_return trace;
    };
    auto h = world.tasks.add_task({}, body).value();
    world.run_until([&] { return world.tasks.task_status().size() == 3; });
    const auto other = world.tasks.add_task({.admission = {.on_full = ta::on_full::shed}}, one);
    BOOST_TEST(other.has_value());
    const auto trace = h.get();
    BOOST_TEST(trace.find("cancelled") != std::string::npos, trace);
  }
}

BOOST_AUTO_TEST_CASE(
    a_child_of_when_all_that_somebody_cancels_is_its_error_and_not_the_parents_cancellation) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    try {
      co_await ta::when_all(one(), forever(), forever());
    } catch (const ta::task_error& e) {
      trace = e.state() == ta::state::cancelled ? "cancelled" : "else";
    }
    co_return trace;
  };
  auto h = world.tasks.add_task({.id = "p"}, body).value();
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("p/2") == ta::cancel_reply::requested);
  world.settle();
  BOOST_TEST(h.finished()); // the others were cancelled with it
  BOOST_TEST(h.get() == "cancelled");
}

BOOST_AUTO_TEST_CASE(a_competitor_that_somebody_cancels_is_out_of_the_race) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    const auto won = co_await ta::race(forever(), one());
    std::string trace = std::to_string(won.index());
    try {
      co_await ta::race(forever(), forever());
    } catch (const ta::task_error& e) {
      trace += e.state() == ta::state::cancelled ? " cancelled" : " else";
    }
    co_return trace;
  };
  auto h = world.tasks.add_task({.id = "p"}, body).value();
  world.settle();
  world.tasks.cancel_task("p/1");
  world.advance(1s);
  BOOST_CHECK(world.tasks.cancel_task("p/3") == ta::cancel_reply::requested);
  BOOST_CHECK(world.tasks.cancel_task("p/4") == ta::cancel_reply::requested);
  BOOST_TEST(h.get() == "1 cancelled");
}

BOOST_AUTO_TEST_CASE(a_race_or_when_all_whose_parent_is_cancelled_is_cancelled) {
  for (const bool all : {false, true}) {
    virtual_time world;
    auto body = [all]() -> ta::task<void> {
      if (all)
        co_await ta::when_all(forever(), forever());
      else
        co_await ta::race(forever(), forever());
    };
    auto h = world.tasks.add_task({.id = "p"}, body).value();
    world.settle();
    world.tasks.cancel_all();
    world.settle();
    BOOST_CHECK(h.state() == ta::state::cancelled);
  }
}

BOOST_AUTO_TEST_SUITE_END()
