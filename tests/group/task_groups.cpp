// Rule 15: no child outlives its group; the first failure cancels the siblings; all errors are kept.
#include "lifecycle/bodies.hpp"
#include "lifecycle/manager_core.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace task_groups {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

std::vector<std::string> described(const ta::group_error& e) {
  std::vector<std::string> result;
  for (const auto& each : e.errors())
    result.push_back(ta::describe(each));
  return result;
}

} // namespace task_groups

BOOST_AUTO_TEST_SUITE(task_groups)

BOOST_AUTO_TEST_CASE(a_group_gives_its_bodys_value_when_no_child_is_left) {
  virtual_time world;
  int ended = 0;
  auto body = [&ended]() -> ta::task<int> {
    auto child = [&ended](std::chrono::nanoseconds pause) -> ta::task<void> {
      co_await ta::sleep_for(pause);
      ++ended;
    };
    const int got = co_await ta::with_group([&](ta::task_group& group) -> ta::task<int> {
      group.start(child, 1s);
      group.start(child, 5s);
      auto value = group.add_task({}, after, 2s, 7).value();
      BOOST_TEST(group.size() == 3u);
      co_return co_await value;
    });
    BOOST_TEST(ended == 2);
    co_return got;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == 7);
  BOOST_CHECK(world.now() - begin == 5s);
}

BOOST_AUTO_TEST_CASE(children_are_tasks_with_ids_below_their_parents) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      group.start(after, 1s, 1);
      BOOST_TEST(group.add_task({.id = "named"}, after, 1s, 2).value().id() == "parent/named");
      const auto again = group.add_task({.id = "named"}, after, 1s, 2);
      BOOST_CHECK(again.error().code == ta::errc::duplicate_id);
      co_return;
    });
  };
  auto h = world.tasks.add_task({.id = "parent"}, body).value();
  world.settle();
  const auto status = world.tasks.task_status();
  BOOST_REQUIRE(status.size() == 3u);
  BOOST_TEST(status[1].id == "parent/1");
  BOOST_TEST(status[1].parent == "parent");
  BOOST_TEST(status[2].id == "parent/named");
  BOOST_TEST(status[0].parent.empty());
  h.wait();
}

BOOST_AUTO_TEST_CASE(the_first_failure_cancels_the_siblings_and_the_body_and_all_errors_are_kept) {
  virtual_time world;
  auto body = []() -> ta::task<std::vector<std::string>> {
    std::vector<std::string> errors;
    auto messy = []() -> ta::task<void> {
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) {
        throw std::logic_error{"and the clean-up"};
      }
    };
    const auto begin = ta::this_task::now();
    try {
      co_await ta::with_group([messy](ta::task_group& group) -> ta::task<void> {
        group.start(failing, 1s);
        group.start(messy);
        group.start(hanging);
        co_await ta::sleep_for(1h);
      });
    } catch (const ta::group_error& e) {
      errors = described(e);
      BOOST_TEST(
          std::string{e.what()}.find("2 errors in the task group of parent: std::runtime_error: boom; ")
          == 0u);
    }
    BOOST_CHECK(ta::this_task::now() - begin == 1s);
    BOOST_TEST(!ta::this_task::cancel_requested());
    co_return errors;
  };
  listener unseen;
  const auto watch = world.tasks.observe(unseen.handler(ta::event_kind::unobserved_failure));
  const auto errors = run(world, body);
  BOOST_REQUIRE(errors.size() == 2u);
  BOOST_TEST(errors[0] == "std::runtime_error: boom");
  BOOST_TEST(errors[1] == "std::logic_error: and the clean-up");
  BOOST_CHECK(world.tasks.find("parent/3")->reason == ta::end_reason::group_ended);
}

BOOST_AUTO_TEST_CASE(the_bodys_error_cancels_the_children_and_is_thrown_with_theirs) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<int> {
    auto child = [&gone]() -> ta::task<void> {
      const witness here{&gone};
      co_await ta::sleep_for(1h);
    };
    int count = 0;
    try {
      co_await ta::with_group([child](ta::task_group& group) -> ta::task<int> {
        group.start(child);
        co_await ta::sleep_for(1s);
        throw std::out_of_range{"body"};
      });
    } catch (const ta::group_error& e) {
      BOOST_CHECK_THROW(std::rethrow_exception(e.errors().at(0)), std::out_of_range);
      count = static_cast<int>(e.errors().size());
    }
    BOOST_TEST(gone == 1);
    co_return count;
  };
  BOOST_TEST(run(world, body) == 1);
}

BOOST_AUTO_TEST_CASE(a_child_that_times_out_has_failed_and_one_that_is_cancelled_has_not) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    try {
      co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
        auto late = group.add_task({.timeout = 1s}, hanging).value();
        group.start(hanging);
        co_return;
      });
    } catch (const ta::group_error& e) {
      trace = described(e).at(0);
    }
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      auto one = group.add_task({}, hanging).value();
      auto other = group.add_task({}, after, 3s, 1).value();
      co_await ta::sleep_for(1s);
      one.cancel();
      co_await other;
    });
    co_return trace;
  };
  const auto trace = run(world, body);
  BOOST_TEST(trace.find("taskactor::task_error: timed out: ran too long (limit 1 s)") == 0u, trace);
}

BOOST_AUTO_TEST_CASE(a_group_can_be_cancelled_and_ends_without_an_error) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    co_await ta::with_group([&trace](ta::task_group& group) -> ta::task<void> {
      group.start(hanging);
      group.start([group]() -> ta::task<void> {
        co_await ta::sleep_for(1s);
        group.cancel();
      });
      co_await ta::sleep_for(1h);
      trace += "never ";
    });
    trace += "void ";
    try {
      co_await ta::with_group([](ta::task_group& group) -> ta::task<int> {
        group.cancel();
        auto late = group.add_task({}, hanging).value(); // admitted, and never starts
        co_await late;
        co_return 1;
      });
    } catch (const ta::group_error& e) {
      trace += e.errors().empty() ? "no value" : "errors";
    }
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "void no value");
}

BOOST_AUTO_TEST_CASE(the_parents_end_reaches_body_and_children_and_is_awaited) {
  virtual_time world;
  std::string trace;
  auto child = [&trace]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      trace += "told ";
    }
    co_await ta::shield(ta::sleep_for(1s));
    trace += "cleaned ";
    co_await ta::yield(); // throws again
  };
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        group.start(child);
        co_await ta::shield(ta::sleep_for(3s)); // the children are told all the same
      });
    } catch (const ta::cancelled_error&) {
      trace += "left";
      throw;
    }
  };
  auto h = world.tasks.add_task({.id = "p"}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(trace == "told ");
  world.advance(1s);
  BOOST_TEST(trace == "told cleaned ");
  world.advance(2s);
  BOOST_CHECK(h.state() == ta::state::completed); // the body had nothing left to await
  BOOST_CHECK(world.tasks.find("p/1")->reason == ta::end_reason::parent_ended);
}

BOOST_AUTO_TEST_CASE(a_scopes_deadline_ends_the_group_in_it_and_no_more) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto group = [] {
      return ta::with_group([](ta::task_group& g) -> ta::task<int> {
        g.start(hanging);
        g.start([]() -> ta::task<void> {
          BOOST_CHECK(ta::this_task::remaining() == 2s);
          co_await ta::sleep_for(1h);
        });
        co_await ta::sleep_for(1h);
        co_return 1;
      });
    };
    const auto none = co_await ta::move_on_after(2s, group);
    std::string trace = none ? "value " : "moved on ";
    try {
      co_await ta::fail_after(2s, group);
    } catch (const ta::timeout_error&) {
      trace += "failed";
    }
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "moved on failed");
}

BOOST_AUTO_TEST_CASE(a_killed_parent_stays_until_its_killed_children_are_gone) {
  virtual_time world{{.cancel_grace = 1s}};
  int gone = 0;
  auto child = [&gone]() -> ta::task<void> {
    const witness here{&gone};
    co_await swallowing();
  };
  auto body = [&]() -> ta::task<void> {
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      group.start(child);
      group.start(child);
      co_await swallowing();
    });
  };
  auto h = world.tasks.add_task({.id = "p"}, body).value();
  world.settle();
  h.cancel();
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 2);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_child_that_cannot_be_stopped_is_left_behind_after_its_grace) {
  std::atomic<bool> go_on = false;
  virtual_time world{{.cancel_grace = 1s}};
  auto body = [&go_on]() -> ta::task<void> {
    auto stuck = [&go_on]() -> ta::task<void> {
      co_await ta::run_in_thread([&go_on] {
        while (!go_on)
          std::this_thread::yield();
      });
    };
    co_await ta::move_on_after(1s, ta::with_group([stuck](ta::task_group& group) -> ta::task<void> {
                                 group.start(stuck);
                                 co_return;
                               }));
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  world.advance(3s);
  BOOST_CHECK(h.state() == ta::state::completed);
  BOOST_TEST(world.tasks.statistics().overrunning == 1u);
  go_on = true;
  world.run_until([&] { return world.tasks.statistics().overrunning == 0; });
}

BOOST_AUTO_TEST_CASE(groups_within_groups_end_with_one_token) {
  virtual_time world{{.capacity = 1}};
  auto leaf = []() -> ta::task<int> { co_return 1; };
  auto inner = [leaf]() -> ta::task<int> {
    co_return co_await ta::with_group([leaf](ta::task_group& group) -> ta::task<int> {
      auto a = group.add_task({}, leaf).value();
      auto b = group.add_task({}, leaf).value();
      const int first = co_await a;
      co_return first + co_await b;
    });
  };
  auto body = [inner]() -> ta::task<int> {
    co_return co_await ta::with_group([inner](ta::task_group& group) -> ta::task<int> {
      auto a = group.add_task({}, inner).value();
      auto b = group.add_task({}, inner).value();
      const int first = co_await a;
      co_return first + co_await b;
    });
  };
  BOOST_TEST(run(world, body) == 4);
}

BOOST_AUTO_TEST_CASE(a_draining_manager_still_admits_the_children_of_what_runs) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    co_await ta::sleep_for(1s);
    co_return co_await ta::with_group([](ta::task_group& group) -> ta::task<int> {
      co_return co_await group.add_task({}, after, 1s, 5).value();
    });
  };
  auto h = world.tasks.add_task({}, body).value();
  const auto report = world.tasks.shutdown();
  BOOST_TEST(report.completed == 2u);
  BOOST_TEST(h.get() == 5);
}

BOOST_AUTO_TEST_CASE(an_ended_group_takes_no_more) {
  virtual_time world;
  auto body = []() -> ta::task<bool> {
    std::optional<ta::task_group> kept;
    co_await ta::with_group([&kept](ta::task_group& group) -> ta::task<void> {
      kept = group;
      co_return;
    });
    const auto late = kept->add_task({}, hanging);
    co_return late.error().code == ta::errc::stopping;
  };
  BOOST_TEST(run(world, body));
}

/// It is the group's already, perhaps, and not yet the manager's.
BOOST_AUTO_TEST_CASE(a_child_that_is_added_while_the_group_is_cancelled_does_not_wait_for_its_tokens) {
  ta::task_manager tasks;
  tasks.add_limiter("closed", {.capacity = 0});
  for (int i = 0; i < 500; ++i) {
    std::optional<ta::task_group> group;
    std::promise<void> begun;
    auto parent = [&]() -> ta::task<void> {
      auto all = [&](ta::task_group& own) -> ta::task<void> {
        group = own;
        begun.set_value();
        co_await ta::shield(ta::sleep_for(2ms));
      };
      co_await ta::with_group(all);
    };
    const auto h = tasks.add_task({}, parent).value();
    begun.get_future().wait();
    std::atomic<int> at{0};
    const std::jthread canceller{[&] {
      for (at = 1; at < i % 50; ++at) // now a little earlier, now later
        continue;
      group->cancel();
    }};
    while (at == 0)
      std::this_thread::yield();
    const auto child = group->add_task({.limits = {{"closed"}}}, [] {});
    BOOST_TEST_REQUIRE(h.wait_for(20s));
    if (!child) // it came too late
      continue;
    BOOST_TEST(child->wait_for(20s));
    BOOST_CHECK(child->state() == ta::state::cancelled);
    BOOST_TEST(ta::to_string(child->info().reason) == ta::to_string(ta::end_reason::group_ended));
  }
}

BOOST_AUTO_TEST_SUITE_END()
