// What a test is told when nothing goes on.
#include "lifecycle/bodies.hpp"

#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <future>
#include <optional>

using namespace test;
using ta::testing::manager;

BOOST_AUTO_TEST_SUITE(stuck_tests)

namespace {

/// Waits for a task that is named to it later.
ta::task<void> wait_for(std::optional<ta::handle<void>>* which) {
  co_await ta::sleep_for(1s);
  co_await **which;
}

std::string deadlock_of(manager& m, const std::function<void()>& call) {
  try {
    call();
  } catch (const ta::testing::deadlock& stuck) {
    BOOST_TEST(stuck.waiting().size() == m.waiting().size());
    return stuck.what();
  }
  BOOST_ERROR("no deadlock");
  return {};
}

ta::task<void> spinning() {
  for (;;)
    co_await ta::yield();
}

ta::task<void> ticking() {
  for (;;)
    co_await ta::sleep_for(1s);
}

} // namespace

BOOST_AUTO_TEST_CASE(tasks_that_wait_for_each_other_are_a_deadlock_that_says_who_waits_for_what) {
  manager m;
  std::optional<ta::handle<void>> a, b;
  a = m.tasks().add_task({.id = "a"}, wait_for, &b).value();
  b = m.tasks().add_task({.id = "b"}, wait_for, &a).value();
  const auto text = deadlock_of(m, [&] { a->get(); });
  BOOST_TEST(text
             == "deadlock at 1 s: nothing can run, and nothing is due\n"
                "  \"a\": running since 0 s; waits for the end of task \"b\"\n"
                "  \"b\": running since 0 s; waits for the end of task \"a\"");
}

BOOST_AUTO_TEST_CASE(a_deadlock_can_be_looked_at_and_undone) {
  manager m;
  std::optional<ta::handle<void>> a, b;
  a = m.tasks().add_task({.id = "a"}, wait_for, &b).value();
  b = m.tasks().add_task({.id = "b"}, wait_for, &a).value();
  (void)deadlock_of(m, [&] { a->get(); });
  a->cancel();
  BOOST_CHECK_THROW(a->get(), ta::task_error);
  BOOST_CHECK_THROW(b->get(), ta::task_error);
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_token_says_so) {
  manager m{{.manager = {.capacity = 0}}};
  auto h = m.tasks().add_task({.id = "late"}, [] {}).value();
  m.advance(2s);
  const auto text = deadlock_of(m, [&] { h.get(); });
  BOOST_TEST(text
             == "deadlock at 2 s: nothing can run, and nothing is due\n"
                "  \"late\": queued since 0 s; waits for a token of the global limiter (0 of 0 in use)");
}

BOOST_AUTO_TEST_CASE(waits_for_threads_processes_and_sleeps_say_so) {
  manager m{{.manager = {.thread_capacity = 0, .process_capacity = 0}}};
  (void)m.tasks().run_in_thread({.id = "call"}, [] {});
  (void)m.tasks().run_command({.id = "command"}, {"true"});
  (void)m.tasks().add_task({.id = "sleeper"}, after, 3s, 1);
  BOOST_TEST(m.describe()
             == "\"call\": running since 0 s; waits for a token of the thread limiter\n"
                "\"command\": running since 0 s; waits for a token of the process limiter\n"
                "\"sleeper\": running since 0 s; waits for the end of a sleep, at the latest at 3 s\n");
}

BOOST_AUTO_TEST_CASE(waits_for_named_limiters_and_further_attempts_say_so) {
  manager m;
  m.tasks().add_limiter("db", {.capacity = 1});
  auto holder = []() -> ta::task<void> {
    const auto permit = co_await ta::acquire("db");
    co_await hanging();
  };
  auto asker = []() -> ta::task<void> { const auto permit = co_await ta::acquire("db"); };
  (void)m.tasks().add_task({.id = "holder"}, holder);
  m.settle();
  (void)m.tasks().add_task({.id = "asker"}, asker);
  (void)m.tasks().add_task({.id = "queued", .limits = {{"db"}}}, [] {});
  (void)m.tasks().add_task({.id = "again", .retry = ta::retry{.backoff = {.first = 5s}}}, failing, 0s);
  const auto list = m.waiting();
  BOOST_REQUIRE(list.size() == 4u);
  BOOST_TEST(list[1].waits_for == "tokens of db");
  BOOST_TEST(list[2].waits_for == "a token of the limiter \"db\"");
  BOOST_TEST(list[3].waits_for == "its next attempt");
  BOOST_CHECK(list[3].until == 5s);
}

BOOST_AUTO_TEST_CASE(a_gather_and_its_items_are_named) {
  manager m{{.manager = {.capacity = 1, .thread_capacity = 0}}};
  auto parent = []() -> ta::task<void> {
    const std::vector<int> items{1, 2};
    (void)co_await ta::gather(
        {.id = "pages"}, [](int) -> ta::task<void> { co_await ta::run_in_thread([] {}); }, items);
  };
  auto h = m.tasks().add_task({.id = "parent"}, parent).value();
  const auto text = deadlock_of(m, [&] { h.get(); });
  BOOST_TEST(text
             == "deadlock at 0 s: nothing can run, and nothing is due\n"
                "  \"parent\": running since 0 s; waits for the items of \"parent/pages\"\n"
                "  \"parent/pages/0\": running since 0 s; waits for a token of the thread limiter");
}

BOOST_AUTO_TEST_CASE(a_task_group_and_its_children_are_named) {
  manager m{{.manager = {.thread_capacity = 0}}};
  auto child = []() -> ta::task<void> { co_await ta::run_in_thread([] {}); };
  auto parent = [child]() -> ta::task<void> {
    co_await ta::with_group([child](ta::task_group& group) -> ta::task<void> {
      (void)group.add_task({.id = "one"}, child);
      (void)group.add_task({.id = "two"}, child);
      co_return;
    });
  };
  auto h = m.tasks().add_task({.id = "parent"}, parent).value();
  const auto text = deadlock_of(m, [&] { h.get(); });
  BOOST_TEST(text
             == "deadlock at 0 s: nothing can run, and nothing is due\n"
                "  \"parent\": running since 0 s; waits for its task group, of which 2 are left\n"
                "  \"parent/one\": running since 0 s; waits for a token of the thread limiter\n"
                "  \"parent/two\": running since 0 s; waits for a token of the thread limiter");
}

BOOST_AUTO_TEST_CASE(what_outlives_a_killed_body_is_named) {
  manager m;
  m.lose_thread();
  auto h = m.tasks().run_in_thread({.id = "x"}, [] {}).value();
  m.settle();
  m.kill_task("x");
  BOOST_TEST(m.waiting().at(0).waits_for
             == "what its body has left behind: a thread's call, a process, or items and children");
  m.bring_back_threads();
  m.settle();
  BOOST_TEST(h.finished());
}

BOOST_AUTO_TEST_CASE(a_wait_for_nothing_at_all_is_a_deadlock_without_tasks) {
  manager m;
  const auto text = deadlock_of(m, [&] { m.run_until([] { return false; }); });
  BOOST_TEST(text == "deadlock at 0 s: nothing can run, and nothing is due\n  no task is there");
}

BOOST_AUTO_TEST_CASE(a_gather_that_feeds_a_caller_s_sink_is_left_by_a_deadlock_without_touching_it_again) {
  int seen = 0;
  {
    manager m{{.manager = {.thread_capacity = 0}}};
    const std::vector<int> items{1, 2};
    auto body = [](int) -> ta::task<void> { co_await ta::run_in_thread([] {}); };
    auto feed = [&] {
      auto count = std::make_unique<int>(0); // gone with this call
      m.tasks().gather_each({}, body, items,
                            [&seen, &count](std::size_t, ta::outcome<void>) { seen = ++*count; });
    };
    BOOST_CHECK_THROW(feed(), ta::testing::deadlock);
  }
  BOOST_TEST(seen == 0);
}

BOOST_AUTO_TEST_CASE(a_body_that_spins_is_a_livelock) {
  manager m{{.max_steps = 1000}};
  (void)m.tasks().add_task({.id = "top"}, spinning);
  try {
    m.settle();
    BOOST_ERROR("no livelock");
  } catch (const ta::testing::livelock& stuck) {
    BOOST_TEST(stuck.what()
               == std::string{"livelock at 0 s: after 1000 steps there is still something to run\n"
                              "  \"top\": running since 0 s; waits for its turn"});
  }
  BOOST_TEST(m.kill_task("top"));
  m.settle();
  (void)m.tasks().add_task({.id = "other top"}, spinning); // the end of the manager gets over it
}

BOOST_AUTO_TEST_CASE(time_that_passes_without_an_end_is_a_livelock) {
  manager m{{.max_jumps = 100}};
  auto h = m.tasks().add_task({.id = "clock"}, ticking).value();
  BOOST_CHECK_EXCEPTION(h.get(), ta::testing::livelock, [](const auto& stuck) {
    return std::string{stuck.what()}.find("after 100 jumps") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
