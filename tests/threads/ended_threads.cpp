// User code that ends the thread it is called on: pthread_exit, and a cancellation by pthread_cancel.
#include "lifecycle/bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <latch>
#include <pthread.h>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)

// It takes what the forced unwinding of a thread leaves of its stack for an overflow.
BOOST_AUTO_TEST_SUITE(ended_threads)
BOOST_AUTO_TEST_CASE(not_with_address_sanitizer) { BOOST_TEST_MESSAGE("left out"); }
BOOST_AUTO_TEST_SUITE_END()

#else

using namespace test;

namespace {

[[noreturn]] int leave_by_exit() { pthread_exit(nullptr); }

int leave_by_cancel() {
  pthread_cancel(pthread_self());
  pthread_testcancel();
  return 0;
}

/// What has destructors is unwound as by an exception; a handler that passes it on doesn't matter.
int leave_deeply(int* gone) {
  const witness here{gone};
  try {
    return leave_by_exit();
  } catch (...) {
    throw;
  }
}

template <class T>
bool has_lost_its_thread(ta::handle<T>& h) {
  try {
    (void)h.get();
  } catch (const std::system_error& e) {
    return e.code() == ta::errc::thread_ended
           && std::string{e.what()}.find("pthread_exit") != std::string::npos;
  }
  return false;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ended_threads)

BOOST_AUTO_TEST_CASE(a_call_that_ends_its_thread_has_failed_and_nothing_else_has) {
  ta::task_manager tasks{{.thread_capacity = 2}};
  int gone = 0;
  for (int i = 0; i < 20; ++i) {
    auto exits = tasks.run_in_thread({}, leave_by_exit).value();
    auto cancelled = tasks.run_in_thread({}, leave_by_cancel).value();
    auto deep = tasks.run_in_thread({}, leave_deeply, &gone).value();
    auto well = tasks.run_in_thread({}, [i] { return i; }).value();
    BOOST_TEST(has_lost_its_thread(exits));
    BOOST_TEST(has_lost_its_thread(cancelled));
    BOOST_TEST(has_lost_its_thread(deep));
    BOOST_TEST(well.get() == i);
  }
  BOOST_TEST(gone == 20);
  BOOST_TEST(tasks.statistics().failed == 60u);
  const auto report = tasks.shutdown();
  BOOST_TEST(report.clean());
  BOOST_TEST(tasks.statistics().thread.in_use == 0u);
  BOOST_TEST(tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(calls_that_wait_get_another_thread) {
  ta::task_manager tasks{{.thread_capacity = 1}};
  std::vector<ta::handle<int>> lost, well;
  for (int i = 0; i < 50; ++i) {
    lost.push_back(tasks.run_in_thread({}, leave_by_exit).value());
    well.push_back(tasks.run_in_thread({}, [i] { return i; }).value());
  }
  for (std::size_t i = 0; i < 50; ++i) {
    BOOST_TEST(has_lost_its_thread(lost[i]));
    BOOST_TEST(well[i].get() == static_cast<int>(i));
  }
}

BOOST_AUTO_TEST_CASE(the_body_that_awaits_it_goes_on) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string said;
    try {
      co_await ta::run_in_thread(leave_by_exit);
    } catch (const std::system_error& e) {
      said = e.code().message();
    }
    const auto n = co_await ta::run_in_thread([] { return 3; });
    co_return said + ' ' + std::to_string(n);
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == "the call has ended its thread 3");
}

BOOST_AUTO_TEST_CASE(it_is_an_error_that_is_tried_again) {
  virtual_time world;
  std::atomic<int> calls{0};
  auto second_time = [&calls] {
    if (++calls == 1)
      leave_by_exit();
    return calls.load();
  };
  BOOST_TEST(world.tasks.run_in_thread({.retry = ta::retry{.max_attempts = 2}}, second_time).value().get()
             == 2);
}

BOOST_AUTO_TEST_CASE(one_that_was_left_behind_gives_its_tokens_back) {
  virtual_time world{{.capacity = 1, .thread_capacity = 1, .cancel_grace = 1s}};
  std::latch go_on{1};
  auto stuck = world.tasks
                   .run_in_thread({.timeout = 1s},
                                  [&go_on] {
                                    go_on.wait();
                                    leave_by_exit();
                                  })
                   .value();
  auto next = world.tasks.run_in_thread({}, [] { return 1; }).value();
  world.advance(5s);
  BOOST_CHECK(stuck.state() == ta::state::timed_out);
  BOOST_TEST(world.tasks.statistics().overrunning == 1u);
  go_on.count_down();
  world.run_until([&] { return next.finished(); });
  BOOST_TEST(world.tasks.statistics().overrunning == 0u);
}

BOOST_AUTO_TEST_CASE(a_system_of_the_users_waits_for_calls_that_its_manager_has_left_behind) {
  static std::latch here{1}, go_on{1};
  static std::atomic<bool> left{false};
  std::thread opens;
  {
    caf::actor_system_config config;
    ta::task_manager::configure(config);
    caf::actor_system system{config};
    {
      ta::task_manager tasks{system, {.cancel_grace = 0s}};
      (void)tasks.run_in_thread({}, [] {
        here.count_down();
        go_on.wait();
        left = true;
        leave_by_exit();
      });
      here.wait();
      (void)tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 0s});
    }
    opens = std::thread{[] { go_on.count_down(); }};
  }
  BOOST_TEST(left);
  opens.join();
}

BOOST_AUTO_TEST_CASE(an_observer_that_ends_its_thread_hears_of_the_next_events) {
  ta::task_manager tasks;
  listener told;
  const auto subscription = tasks.observe(
      [hear = told.handler()](const ta::task_event& e) {
        hear(e);
        if (e.id != "b")
          leave_by_exit();
      },
      {.kinds = {ta::event_kind::completed}});
  for (const auto* id : {"a", "b", "c", "d"})
    tasks.add_task({.id = id}, [] {}).value().get();
  BOOST_TEST(told.wait_for(4).size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
