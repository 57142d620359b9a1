// What AnyIO documents of task groups and worker threads, case by case, as in anyio_cases.cpp.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace anyio_groups {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

ta::task<void> cleaning(int* gone) {
  const witness here{gone};
  co_await ta::sleep_for(1h);
}

/// A real thread has begun its call.
void start_thread(virtual_time& world, const std::atomic<bool>& running) {
  world.settle();
  while (!running)
    std::this_thread::yield();
}

} // namespace anyio_groups

BOOST_AUTO_TEST_SUITE(anyio_groups)

BOOST_AUTO_TEST_CASE(a_group_waits_for_its_children) { // holds
  virtual_time world;
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      group.start(after, 3s, 1);
      group.start(after, 1s, 2);
      co_return;
    });
  };
  const auto begin = world.now();
  run(world, body);
  BOOST_CHECK(world.now() - begin == 3s);
}

BOOST_AUTO_TEST_CASE(
    a_childs_error_cancels_the_others_and_comes_in_a_group_of_one) { // holds, as since AnyIO 4
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<std::size_t> {
    std::size_t errors = 0;
    try {
      co_await ta::with_group([&gone](ta::task_group& group) -> ta::task<void> {
        group.start(cleaning, &gone);
        group.start(failing, 1s);
        co_await cleaning(&gone);
      });
    } catch (const ta::group_error& e) {
      errors = e.errors().size(); // cancellations don't count
      BOOST_CHECK_THROW(std::rethrow_exception(e.errors().front()), std::runtime_error);
    }
    BOOST_TEST(gone == 2);
    co_return errors;
  };
  BOOST_TEST(run(world, body) == 1u);
}

BOOST_AUTO_TEST_CASE(the_bodys_error_cancels_the_children_and_is_in_the_group) { // holds
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<std::size_t> {
    try {
      co_await ta::with_group([&gone](ta::task_group& group) -> ta::task<void> {
        group.start(cleaning, &gone);
        co_await ta::sleep_for(1s);
        throw std::out_of_range{"body"};
      });
    } catch (const ta::group_error& e) {
      BOOST_CHECK_THROW(std::rethrow_exception(e.errors().front()), std::out_of_range);
      co_return e.errors().size();
    }
    co_return 0;
  };
  BOOST_TEST(run(world, body) == 1u);
  BOOST_TEST(gone == 1);
}

BOOST_AUTO_TEST_CASE(errors_of_nested_groups_nest) { // holds
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto inner = [](ta::task_group& group) -> ta::task<void> {
      group.start(failing, 1s);
      co_return;
    };
    try {
      co_await ta::with_group([inner](ta::task_group&) -> ta::task<void> { co_await ta::with_group(inner); });
    } catch (const ta::group_error& outer) {
      try {
        std::rethrow_exception(outer.errors().front());
      } catch (const ta::group_error& nested) {
        co_return ta::describe(nested.errors().front());
      }
    }
    co_return "";
  };
  BOOST_TEST(run(world, body) == "std::runtime_error: boom");
}

BOOST_AUTO_TEST_CASE(a_cancelled_group_ends_without_an_error) { // holds
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    co_await ta::with_group([&gone](ta::task_group& group) -> ta::task<void> {
      group.start(cleaning, &gone);
      co_await ta::sleep_for(1s);
      group.cancel();
      co_await cleaning(&gone);
    });
  };
  run(world, body);
  BOOST_TEST(gone == 2);
}

BOOST_AUTO_TEST_CASE(a_child_of_a_cancelled_group_never_starts) { // differs: there it runs to its first await
  virtual_time world;
  bool started = false;
  auto body = [&started]() -> ta::task<void> {
    co_await ta::with_group([&started](ta::task_group& group) -> ta::task<void> {
      group.cancel();
      group.start([&started] { started = true; });
      co_return;
    });
  };
  run(world, body);
  BOOST_TEST(!started);
}

BOOST_AUTO_TEST_CASE(an_ended_group_takes_no_child) { // holds
  virtual_time world;
  auto body = []() -> ta::task<bool> {
    std::optional<ta::task_group> kept;
    co_await ta::with_group([&kept](ta::task_group& group) -> ta::task<void> {
      kept = group;
      co_return;
    });
    try {
      kept->start(hanging);
    } catch (const std::system_error& e) {
      co_return e.code() == ta::make_error_code(ta::errc::stopping);
    }
    co_return false;
  };
  BOOST_TEST(run(world, body));
}

BOOST_AUTO_TEST_CASE(a_scope_around_a_group_reaches_the_children_and_a_shield_covers_them) { // holds
  virtual_time world;
  int gone = 0, done = 0;
  auto body = [&]() -> ta::task<void> {
    co_await ta::move_on_after(1s, ta::with_group([&gone](ta::task_group& group) -> ta::task<void> {
                                 group.start(cleaning, &gone);
                                 co_return;
                               }));
    BOOST_TEST(gone == 1);
    co_await ta::shield(ta::with_group([&done](ta::task_group& group) -> ta::task<void> {
      group.start([&done]() -> ta::task<void> {
        co_await ta::sleep_for(2s);
        ++done;
      });
      co_return;
    }));
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  world.advance(2s); // in the shielded group
  h.cancel();
  h.wait();
  BOOST_TEST(done == 1);
}

BOOST_AUTO_TEST_CASE(children_take_tokens_as_all_tasks_do) { // differs: there all run at once
  virtual_time world{{.capacity = 1}};
  int now = 0, most = 0;
  auto body = [&]() -> ta::task<void> {
    auto child = [&]() -> ta::task<void> {
      most = std::max(most, ++now);
      co_await ta::sleep_for(1s);
      --now;
    };
    co_await ta::with_group([child](ta::task_group& group) -> ta::task<void> {
      for (int i = 0; i < 3; ++i)
        group.start(child);
      co_return;
    });
  };
  run(world, body);
  BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_CASE(the_await_of_a_threads_call_goes_on_until_it_returns) { // holds
  virtual_time world;
  std::atomic<bool> running = false;
  auto body = [&running]() -> ta::task<int> {
    auto call = [&running](std::stop_token stop) {
      running = true;
      while (!stop.stop_requested())
        std::this_thread::yield();
      return 7;
    };
    const int value = co_await ta::run_in_thread(call);
    BOOST_TEST(value == 7); // delivered, though the task is cancelled
    co_await ta::yield();   // throws
    BOOST_TEST_ERROR("was not cancelled");
    co_return value;
  };
  auto h = world.tasks.add_task({}, body).value();
  start_thread(world, running);
  h.cancel();
  world.run_until([&] { return h.finished(); });
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_call_can_look_whether_it_is_cancelled) { // holds
  virtual_time world;
  std::atomic<bool> running = false;
  auto call = [&running] {
    running = true;
    for (;;) {
      ta::this_task::throw_if_cancelled();
      std::this_thread::yield();
    }
  };
  auto h = world.tasks.run_in_thread({}, call).value();
  start_thread(world, running);
  h.cancel();
  world.run_until([&] { return h.finished(); });
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(an_abandoned_call_keeps_its_token) { // differs: there the limiter has it back
  std::atomic<bool> running = false, go_on = false;
  virtual_time world{{.cancel_grace = 0s}};
  auto call = [&] {
    running = true;
    while (!go_on)
      std::this_thread::yield();
  };
  auto h = world.tasks.run_in_thread({}, call).value();
  start_thread(world, running);
  h.cancel();
  world.settle();
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(world.tasks.statistics().thread.in_use == 1u);
  go_on = true;
  world.run_until([&] { return world.tasks.statistics().thread.in_use == 0; });
}

BOOST_AUTO_TEST_CASE(a_limiter_of_ones_own_can_be_given_to_calls) { // holds
  ta::task_manager tasks{{.thread_capacity = 8}};
  tasks.add_limiter("disk", {.capacity = 2});
  std::atomic<int> now = 0, most = 0;
  auto body = [&](int) -> ta::task<void> {
    const auto permit = co_await ta::acquire("disk");
    co_await ta::run_in_thread([&] {
      const int here = ++now;
      for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
      }
      for (int i = 0; i < 100; ++i) // time for others to come
        std::this_thread::yield();
      --now;
    });
  };
  for (const auto& one : tasks.gather({.concurrency = 8}, body, std::views::iota(0, 200)))
    BOOST_TEST(one.has_value());
  BOOST_TEST(most <= 2);
  BOOST_TEST(most > 0);
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_can_be_changed) { // holds
  virtual_time world{{.thread_capacity = 0}};
  auto h = world.tasks.run_in_thread({}, [] { return 1; }).value();
  world.settle();
  BOOST_TEST(world.tasks.statistics().thread.waiting == 1u);
  world.tasks.resize(ta::limiter_kind::thread, 1);
  BOOST_TEST(h.get() == 1);
}

BOOST_AUTO_TEST_CASE(from_thread_run_is_a_child_of_a_group) {
  auto body = [](ta::task_group& group) -> ta::task<int> {
    auto call = [&group] { return group.add_task({}, after, 1ms, 5).value().get(); };
    co_return co_await ta::run_in_thread(call); // `after` ends with the group
  };
  ta::task_manager tasks{{.capacity = 1, .thread_capacity = 1}};
  BOOST_TEST(
      tasks.add_task({}, [body]() -> ta::task<int> { co_return co_await ta::with_group(body); }).value().get()
      == 5);
}

BOOST_AUTO_TEST_CASE(from_thread_run_ends_with_who_has_called_the_thread) {
  ta::task_manager tasks;
  std::atomic<bool> waits = false;
  auto body = [&waits](ta::task_group& group) -> ta::task<void> {
    auto call = [&] {
      auto child = group.add_task({.id = "child"}, hanging).value();
      waits = true;
      child.get();
    };
    co_await ta::run_in_thread(call);
  };
  auto h
      = tasks.add_task({.id = "p"}, [&body]() -> ta::task<void> { co_await ta::with_group(body); }).value();
  while (!waits)
    std::this_thread::yield();
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() != ta::state::completed); // the call's body threw, as it was cancelled
  BOOST_CHECK(tasks.find("p/child")->state == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_task_that_a_thread_adds_is_nobodys_child) { // what the other recipe doesn't give
  virtual_time world;
  std::atomic<bool> added = false;
  auto call = [&] {
    auto own = world.tasks.add_task({.id = "own"}, after, 10s, 5).value();
    added = true;
    return own.get();
  };
  auto h = world.tasks.run_in_thread({.timeout = 1min}, call).value();
  start_thread(world, added);
  BOOST_TEST(world.tasks.find("own")->parent.empty());
  h.cancel();
  world.settle();
  BOOST_CHECK(world.tasks.find("own")->state == ta::state::running);
  world.run_until([&] { return h.finished(); });
}

BOOST_AUTO_TEST_CASE(a_limiter_with_one_token_is_a_lock_that_may_be_held_across_awaits) {
  ta::task_manager tasks;
  tasks.add_limiter("account", {.capacity = 1});
  int balance = 0;
  auto deposit = [&balance](int) -> ta::task<void> {
    const auto locked = co_await ta::acquire("account"); // add_limiter("account", {.capacity = 1})
    const int before = balance;
    co_await ta::sleep_for(1ms);
    balance = before + 1;
  };
  for (const auto& end : tasks.gather({}, deposit, std::views::iota(0, 50)))
    BOOST_TEST(end.has_value());
  BOOST_TEST(balance == 50);
}

BOOST_AUTO_TEST_CASE(a_thread_may_add_tasks_and_wait_for_them) { // differs: no from_thread needed
  ta::task_manager tasks;
  auto call = [&tasks] { return tasks.add_task({}, after, 1ms, 5).value().get(); };
  BOOST_TEST(tasks.run_in_thread({}, call).value().get() == 5);
}

BOOST_AUTO_TEST_SUITE_END()
