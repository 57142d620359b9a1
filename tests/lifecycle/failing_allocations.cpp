// No memory, at each place of a call in turn: it has thrown and changed nothing, or it has worked.
//
// Counted are the allocations of the calling thread. What can't throw any more (a message that has to be
// told, an entry of the scheduler's queue) is tried again until there is memory, and so has worked. Not ours:
// what CAF allocates in its own noexcept code when an actor is spawned, which calls of users don't do.
#include "bodies.hpp"
#include "caf_adapter/detached_job.hpp"
#include "support/fail_each.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <vector>

using namespace test;

BOOST_AUTO_TEST_SUITE(failing_allocations)

BOOST_AUTO_TEST_CASE(a_task_is_admitted_or_not) {
  virtual_time world;
  const auto check_add = [&](const ta::task_options& options) {
    std::optional<ta::handle<int>> added;
    std::uint64_t before = world.tasks.statistics().submitted;
    fail_each(
        [&] {
          added.reset();
          added = world.tasks.add_task(ta::task_options{options}, after, 1ms, 7).value();
        },
        [&](bool threw) {
          const auto now = world.tasks.statistics().submitted;
          BOOST_TEST(now == before + (threw ? 0 : 1));
          if (threw) {
            const auto known
                = world.tasks.find(ta::detail::content_of(options.id)); // one that has ended, if any
            BOOST_TEST((!known || is_final(known->state)));
            added = world.tasks.add_task(ta::task_options{options}, after, 1ms, 7).value();
          }
          BOOST_TEST(added->get() == 7);
          before = world.tasks.statistics().submitted;
        });
  };
  check_add({});
  check_add({.id = "a task with a name that needs an allocation"});
  check_add({.timeout = 1h, .retry = ta::retry{.max_attempts = 2}});
}

BOOST_AUTO_TEST_CASE(a_task_is_replaced_or_not) {
  virtual_time world;
  auto old = world.tasks.add_task({.id = "x"}, hanging).value();
  world.settle();
  std::optional<ta::handle<int>> next;
  fail_each(
      [&] {
        next.reset();
        next = world.tasks
                   .add_task({.id = "x", .admission = {.on_duplicate = ta::on_duplicate::replace}}, hanging)
                   .value();
      },
      [&](bool threw) {
        world.settle();
        if (threw) {
          BOOST_TEST(!old.finished());
          return;
        }
        BOOST_TEST(old.finished());
        BOOST_CHECK(next->state() == ta::state::running);
        old = *next;
      });
}

BOOST_AUTO_TEST_CASE(a_task_is_shed_or_not) {
  virtual_time world{{.capacity = 0, .max_queue = 2}};
  std::vector<ta::handle<int>> all;
  for (int i = 0; i < 2; ++i)
    all.push_back(world.tasks.add_task({}, hanging).value());
  fail_each(
      [&] {
        all.push_back(world.tasks.add_task({.admission = {.on_full = ta::on_full::shed}}, hanging).value());
      },
      [&](bool) {
        world.settle();
        std::size_t waiting = 0;
        for (const auto& each : all)
          waiting += each.finished() ? 0 : 1;
        BOOST_TEST(waiting == 2u);
        BOOST_TEST(world.tasks.task_status().size() == 2u);
      });
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_asked_for_or_not) {
  virtual_time world;
  const std::function<void(ta::handle<int>&)> ways[] = {
      [](ta::handle<int>& h) { h.cancel(); },
      [&](ta::handle<int>&) { (void)world.tasks.cancel_all(); },
      [&](ta::handle<int>&) { (void)world.tasks.cancel_task("x"); },
  };
  for (const auto& cancel : ways) {
    auto h = world.tasks.add_task({.id = "x"}, hanging).value();
    world.settle();
    fail_each([&] { cancel(h); },
              [&](bool threw) {
                world.settle();
                BOOST_TEST(h.finished() == !threw);
                if (h.finished())
                  h = world.tasks.add_task({.id = "x"}, hanging).value();
                world.settle();
              });
    h.cancel();
    world.settle();
  }
}

/// In real time: in virtual time the calling thread would be the manager's as well.
BOOST_AUTO_TEST_CASE(a_gather_runs_or_throws) {
  ta::task_manager tasks;
  std::size_t got = 0;
  fail_each(
      [&] {
        got = 0;
        auto all = tasks.gather(
            {.concurrency = 2}, [](int n) { return n; }, std::vector<int>{1, 2, 3});
        got = all.size();
      },
      [&](bool threw) {
        BOOST_TEST(got == (threw ? 0u : 3u));
        BOOST_TEST(tasks.add_task({}, after, 0s, 5).value().get() == 5);
      });
  BOOST_TEST(tasks.shutdown().clean());
}

BOOST_AUTO_TEST_CASE(a_child_is_admitted_or_not) {
  virtual_time world;
  auto parent = []() -> ta::task<int> {
    auto inner = [](ta::task_group& group) -> ta::task<int> {
      int admitted = 0;
      std::optional<ta::handle<int>> child;
      fail_each(
          [&] {
            child.reset();
            child = group.add_task({}, after, 1ms, 1).value();
          },
          [&](bool threw) { admitted += threw ? 0 : 1; });
      BOOST_TEST(admitted > 0);
      const auto value = co_await *child;
      co_return value;
    };
    const auto value = co_await ta::with_group(inner);
    co_return value;
  };
  BOOST_TEST(world.tasks.add_task({}, parent).value().get() == 1);
  BOOST_TEST(world.tasks.task_status().empty());
}

/// CAF counts a thread before it has one: the system's destructor waited for one that there wasn't.
BOOST_AUTO_TEST_CASE(a_system_ends_whose_thread_was_made_or_not) {
  caf::actor_system_config config;
  for (const bool counted : {false, true}) {
    std::optional<caf::actor_system> system;
    std::atomic<int> ran{0};
    int made = 0;
    fail_each([&] { system.emplace(config); },
              [&] {
                ta::detail::detached_job::start(
                    *system, [&ran] { ++ran; }, counted);
              },
              [&](bool threw) {
                made += threw ? 0 : 1;
                system.reset();
                BOOST_TEST(ran == made);
              });
    BOOST_TEST(made == 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
