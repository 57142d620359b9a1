// task_local: who sees what is set, how long a value lives, and where it is destroyed.
#include "base/service_thread.hpp"
#include "lifecycle/bodies.hpp"
#include "support/gate.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync/task_local.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace task_locals {

using namespace test;

ta::task_local<std::string> name;
ta::task_local<int> number;

/// Counts those that are there, and copies; notes a destruction where none may happen.
struct tracked {
  static inline std::atomic<int> alive{0}, copies{0}, misplaced{0};
  static void reset() { alive = copies = misplaced = 0; }
  tracked() { ++alive; }
  tracked(const tracked&) { ++alive, ++copies; }
  tracked(tracked&&) noexcept { ++alive; }
  tracked& operator=(const tracked&) = delete;
  ~tracked() {
    --alive;
    if (ta::detail::service_thread::is_this())
      ++misplaced;
  }
};
ta::task_local<tracked> tracked_value;

/// The same, of what may be destroyed on any thread: so it is, at once.
struct light {
  static inline std::atomic<int> alive{0};
  light() { ++alive; }
  light(light&&) noexcept { ++alive; }
  light& operator=(const light&) = delete;
  ~light() { --alive; }
};

} // namespace task_locals

template <>
inline constexpr bool taskactor::detail::harmless<task_locals::light> = true;

namespace task_locals {

ta::task_local<light> light_value;

std::string seen() {
  const auto* text = name.try_get();
  return text ? *text : "none";
}
ta::task<std::string> see() { co_return seen(); }
ta::task<std::string> see_later(std::chrono::nanoseconds pause) {
  co_await ta::sleep_for(pause);
  co_return seen();
}

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

/// What is begun in a body, and tells what it sees.
using starter = std::function<ta::task<std::string>(ta::task_manager&)>;

ta::task<std::string> in_group(ta::task_group& group) { co_return co_await group.add_task({}, see).value(); }
ta::task<std::string> grandchild(ta::task_manager& tasks) {
  auto child = [&tasks]() -> ta::task<std::string> { co_return co_await tasks.add_task({}, see).value(); };
  co_return co_await tasks.add_task({}, child).value();
}
ta::task<std::string> of_gather(ta::gather_options options) {
  auto body = [](int) -> ta::task<std::string> { co_return co_await see(); };
  std::vector<int> items{1, 2, 3};
  const auto all = co_await ta::gather(std::move(options), body, items);
  std::string same = all.front().value();
  for (const auto& each : all)
    if (each.value() != same)
      same = "not the same";
  co_return same;
}

std::vector<std::pair<const char*, starter>> starters() {
  return {
      {"itself", [](ta::task_manager&) { return see(); }},
      {"a scope in it",
       [](ta::task_manager&) -> ta::task<std::string> {
         co_return co_await ta::fail_after(1h, see_later(1s));
       }},
      {"a group's child",
       [](ta::task_manager&) -> ta::task<std::string> { co_return co_await ta::with_group(in_group); }},
      {"add_task",
       [](ta::task_manager& tasks) -> ta::task<std::string> {
         co_return co_await tasks.add_task({}, see).value();
       }},
      {"a function",
       [](ta::task_manager& tasks) -> ta::task<std::string> {
         co_return co_await tasks.add_task({}, seen).value();
       }},
      {"a function on a thread",
       [](ta::task_manager& tasks) -> ta::task<std::string> {
         co_return co_await tasks.add_task({.where = ta::run_where::thread}, seen).value();
       }},
      {"a grandchild", [](ta::task_manager& tasks) { return grandchild(tasks); }},
      {"a thread",
       [](ta::task_manager&) -> ta::task<std::string> { co_return co_await ta::run_in_thread(seen); }},
      {"add_task on a thread",
       [](ta::task_manager& tasks) -> ta::task<std::string> {
         auto call = [&tasks] { return tasks.add_task({}, see).value().get(); };
         co_return co_await ta::run_in_thread(call);
       }},
      {"a gather on a thread",
       [](ta::task_manager& tasks) -> ta::task<std::string> {
         auto call = [&tasks] {
           std::vector<int> items{1};
           return tasks
               .gather(
                   {}, [](int) { return seen(); }, items)
               .front()
               .value();
         };
         co_return co_await ta::run_in_thread(call);
       }},
      {"items", [](ta::task_manager&) { return of_gather({.concurrency = 2}); }},
      {"items that are tasks",
       [](ta::task_manager&) { return of_gather({.concurrency = 2, .each = {.total_timeout = 1h}}); }},
      {"a race",
       [](ta::task_manager&) -> ta::task<std::string> {
         const auto won = co_await ta::race(see_later(1s), see_later(2s));
         co_return won.index() == 0 ? std::get<0>(won) : std::get<1>(won);
       }},
      {"when_all",
       [](ta::task_manager&) -> ta::task<std::string> {
         const auto [a, b] = co_await ta::when_all(see_later(1s), see);
         co_return a == b ? a : "not the same";
       }},
      {"an attempt after another",
       [](ta::task_manager& tasks) -> ta::task<std::string> {
         auto body = []() -> ta::task<std::string> {
           if (ta::this_task::attempt() < 3)
             throw std::runtime_error{"again"};
           co_return co_await see();
         };
         const ta::retry thrice{.max_attempts = 3};
         co_return co_await tasks.add_task({.retry = thrice}, body).value();
       }},
  };
}

} // namespace task_locals

BOOST_AUTO_TEST_SUITE(task_locals)

BOOST_AUTO_TEST_CASE(the_innermost_value_counts_and_the_outer_one_returns) {
  virtual_time world;
  auto inner = []() -> ta::task<std::string> {
    BOOST_TEST(number.get() == 5);
    co_await ta::sleep_for(1s);
    co_return seen() + std::to_string(co_await number.scope(6, []() -> ta::task<int> {
      co_await ta::yield();
      co_return number.get();
    })) + std::to_string(number.get());
  };
  auto outer = [&]() -> ta::task<std::string> {
    auto all = seen();
    auto both = [&] { return name.scope("b", inner); };
    all += co_await number.scope(5, both);
    BOOST_CHECK(number.try_get() == nullptr);
    co_return all + seen();
  };
  auto body = [&]() -> ta::task<std::string> {
    BOOST_TEST(seen() == "none");
    auto all = co_await name.scope("a", outer);
    BOOST_TEST(seen() == "none");
    co_return all;
  };
  BOOST_TEST(run(world, body) == "ab65a");
}

BOOST_AUTO_TEST_CASE(one_that_is_not_set_is_an_error_and_nothing_outside_of_tasks) {
  virtual_time world;
  const auto says_so = [](const std::system_error& error) {
    return error.code() == ta::errc::not_set && std::string{error.what()}.find("int") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(number.get(), std::system_error, says_so);
  BOOST_CHECK(number.try_get() == nullptr);
  auto body = [&]() -> ta::task<void> {
    BOOST_CHECK_EXCEPTION(number.get(), std::system_error, says_so);
    auto thrown = []() -> ta::task<int> { throw std::domain_error{"out"}; };
    BOOST_CHECK_THROW(co_await number.scope(1, thrown), std::domain_error);
    BOOST_CHECK(number.try_get() == nullptr);
    co_await number.scope(1, ta::move_on_after(1s, hanging()));
    BOOST_CHECK(number.try_get() == nullptr);
    co_await ta::move_on_after(1s, number.scope(1, hanging()));
    BOOST_CHECK(number.try_get() == nullptr);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(all_that_is_begun_in_a_scope_inherits_and_what_is_begun_after_it_does_not) {
  for (const std::size_t capacity : {1, 8})
    for (const auto& [what, start] : starters()) {
      BOOST_TEST_CONTEXT(what) {
        virtual_time world{{.capacity = capacity}};
        auto& tasks = world.tasks;
        auto twice = [&, &begin = start]() -> ta::task<std::string> {
          auto all = co_await begin(tasks);
          auto again = [&] { return begin(tasks); };
          all += co_await name.scope("y", again);
          co_return all + co_await begin(tasks);
        };
        auto body = [&, &begin = start]() -> ta::task<std::string> {
          auto all = co_await begin(tasks);
          all += co_await name.scope("x", twice);
          co_return all + co_await begin(tasks);
        };
        BOOST_TEST(run(world, body) == "nonexyxnone");
      }
    }
}

BOOST_AUTO_TEST_CASE(a_child_sees_what_is_set_where_it_was_started_and_keeps_it) {
  virtual_time world;
  auto in_group = [](ta::task_group& group) -> ta::task<std::string> {
    auto outer = group.add_task({}, see_later, 1min).value();
    auto start = [&group]() -> ta::task<ta::handle<std::string>> {
      co_return group.add_task({}, see_later, 1min).value();
    };
    auto inner = co_await name.scope("inner", start); // whose scope ends before it does
    ta::handle<std::string> foreign;
    std::jthread{[&] { foreign = group.add_task({}, see_later, 1min).value(); }}.join();
    co_return co_await outer + ' ' + co_await inner + ' ' + co_await foreign;
  };
  auto body = [&]() -> ta::task<std::string> {
    auto group = [&] { return ta::with_group(in_group); };
    co_return co_await name.scope("outer", group);
  };
  BOOST_TEST(run(world, body) == "outer inner outer");
}

BOOST_AUTO_TEST_CASE(one_value_is_shared_and_gone_when_all_that_have_inherited_it_are) {
  enum class how { completes, fails, late, cancelled, killed, cancelled_while_it_waits, on_a_thread };
  for (const auto end : {how::completes, how::fails, how::late, how::cancelled, how::killed,
                         how::cancelled_while_it_waits, how::on_a_thread})
    BOOST_TEST_CONTEXT(static_cast<int>(end)) {
      tracked::reset();
      virtual_time world{{.capacity = end == how::cancelled_while_it_waits ? 1U : 8U}};
      gate until;
      auto child = [end, &until]() -> ta::task<void> {
        BOOST_CHECK(tracked_value.try_get() != nullptr);
        if (end == how::on_a_thread) {
          auto call = [&until] {
            until.pass();
            BOOST_CHECK(tracked_value.try_get() != nullptr);
          };
          co_await ta::run_in_thread(call);
        }
        co_await ta::sleep_for(10s);
        if (end == how::fails)
          throw std::runtime_error{"boom"};
        if (end != how::completes)
          co_await hanging();
      };
      ta::handle<void> kept;
      auto start = [&]() -> ta::task<void> {
        kept = world.tasks.add_task({.id = "child", .timeout = end == how::late ? 20s : 1h}, child).value();
        if (end == how::cancelled_while_it_waits)
          BOOST_CHECK(kept.cancel() == ta::cancel_reply::requested);
        co_return;
      };
      auto body = [&]() -> ta::task<void> { co_await tracked_value.scope(tracked{}, start); };
      run(world, body);
      if (end != how::cancelled_while_it_waits)
        BOOST_TEST(tracked::alive == 1);
      world.settle();
      if (end == how::on_a_thread) {
        until.wait_held(1);
        kept.cancel();
        world.advance(1min); // answered, left behind
        BOOST_CHECK(kept.finished());
        BOOST_TEST(tracked::alive == 1);
        until.open();
        world.run_until([] { return tracked::alive == 0; });
      } else if (end == how::cancelled) {
        kept.cancel();
      } else if (end == how::killed) {
        BOOST_TEST(world.kill_task("child"));
      }
      kept.wait();
      world.settle();
      world.tasks.shutdown();
      BOOST_TEST(tracked::alive == 0); // though there is a handle
      BOOST_TEST(tracked::copies == 0);
      BOOST_TEST(tracked::misplaced == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_task_that_starts_the_next_in_its_scope_makes_no_chain_of_values) {
  virtual_time world;
  int most = 0, left = 3000;
  std::function<ta::task<void>()> next = [&]() -> ta::task<void> {
    auto start = [&]() -> ta::task<void> {
      most = std::max(most, light::alive.load());
      BOOST_TEST_REQUIRE(number.get() == 7);
      if (--left > 0)
        world.tasks.add_task({}, std::ref(next)).value();
      co_return;
    };
    auto also_named = [&] { return name.scope(std::to_string(left), start); };
    co_await light_value.scope(light{}, also_named);
  };
  auto first = [&]() -> ta::task<void> { co_await number.scope(7, std::ref(next)); };
  world.tasks.add_task({}, first).value();
  world.run_until_idle();
  BOOST_TEST(left == 0);
  BOOST_TEST(most <= 8); // of tasks that end just now, too
  BOOST_TEST(light::alive == 0);
}

BOOST_AUTO_TEST_CASE(destructors_see_it_unless_the_body_is_killed) {
  struct looks {
    std::string* into;
    explicit looks(std::string& where) : into(&where) {}
    looks(const looks&) = delete;
    looks& operator=(const looks&) = delete;
    ~looks() { *into = seen(); }
  };
  for (const bool killed : {false, true}) {
    virtual_time world;
    std::string inner, inherited;
    auto child = [&inherited]() -> ta::task<void> {
      const looks here{inherited};
      co_await hanging();
    };
    auto start = [&]() -> ta::task<void> {
      const looks here{inner};
      co_await world.tasks.add_task({.id = "child"}, child).value().ended();
      co_await hanging();
    };
    auto body = [&]() -> ta::task<void> { co_await name.scope("x", start); };
    auto h = world.tasks.add_task({.id = "it"}, body).value();
    world.settle();
    for (const auto* id : {"child", "it"}) {
      if (killed)
        BOOST_TEST(world.kill_task(id));
      else
        world.tasks.cancel_task(id);
      world.settle();
    }
    h.wait();
    BOOST_TEST(inner == (killed ? "none" : "x"));
    BOOST_TEST(inherited == (killed ? "none" : "x"));
  }
}

BOOST_AUTO_TEST_CASE(refused_and_replaced_tasks_leave_nothing) {
  tracked::reset();
  {
    virtual_time world{{.capacity = 1, .max_queue = 3}};
    auto& tasks = world.tasks;
    auto start = [&]() -> ta::task<void> {
      auto a = tasks.add_task({.id = "a"}, hanging).value();
      BOOST_CHECK(tasks.add_task({.id = "a"}, hanging).error().code == ta::errc::duplicate_id);
      auto joined
          = tasks.add_task({.id = "a", .admission = {.on_duplicate = ta::on_duplicate::join}}, hanging);
      BOOST_CHECK(joined.value().id() == "a");
      auto b = tasks.add_task({.id = "a", .admission = {.on_duplicate = ta::on_duplicate::replace}}, hanging);
      BOOST_CHECK(tasks.add_task({}, hanging).value());
      BOOST_CHECK(tasks.add_task({}, hanging).error().code == ta::errc::queue_full);
      co_return;
    };
    auto body = [&]() -> ta::task<void> { co_await tracked_value.scope(tracked{}, start); };
    run(world, body);
    tasks.cancel_all();
    world.run_until_idle();
    BOOST_TEST(tracked::alive == 0);
  }
  BOOST_TEST(tracked::misplaced == 0);
}

BOOST_AUTO_TEST_CASE(tasks_that_run_beside_each_other_never_see_each_others_values) {
  ta::testing::explore({.seeds = 40}, [](ta::testing::manager& world) {
    auto& tasks = world.tasks();
    std::function<ta::task<void>(int)> request = [&](int depth) -> ta::task<void> {
      const auto mine = number.get();
      const auto check = [&] { BOOST_TEST_REQUIRE(number.get() == mine); };
      auto deeper = [&, depth](ta::task_group& group) -> ta::task<void> {
        for (int i = 0; depth > 0 && i < 2; ++i) {
          group.start(std::ref(request), depth - 1);
          co_await ta::yield();
          check();
          auto other = [&]() -> ta::task<void> {
            group.start(std::ref(request), depth - 1);
            co_await ta::sleep_for(1ms);
            BOOST_TEST_REQUIRE(number.get() == mine + 1000);
          };
          co_await number.scope(mine + 1000, other);
          check();
        }
      };
      co_await ta::with_group(deeper);
      check();
      co_await ta::move_on_after(1ms, hanging());
      check();
    };
    std::vector<ta::handle<void>> all;
    for (int i = 0; i < 4; ++i) {
      auto root = [&request, i]() -> ta::task<void> {
        auto body = [&] { return request(2); };
        co_await number.scope(i, body);
      };
      all.push_back(tasks.add_task({}, root).value());
    }
    for (auto& each : all)
      each.get();
  });
}

BOOST_AUTO_TEST_SUITE_END()
