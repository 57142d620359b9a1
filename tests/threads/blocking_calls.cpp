// Rule 6 for threads: a call that waits for tasks lends its tokens, the manager's and the thread limiter's.
// Real threads, in virtual time.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace blocking_calls {

using ta::limiter_kind;

/// How many calls run their own code, which their tokens are for.
struct gauge {
  std::atomic<int> now{0}, most{0};
  void enter() {
    const int here = ++now;
    for (int m = most; here > m && !most.compare_exchange_weak(m, here);) {
    }
  }
  void leave() { --now; }
};

/// One thread, one task at a time: whoever keeps a token while he waits is alone for good.
struct narrow {
  explicit narrow(std::size_t capacity = 1, std::size_t threads = 1)
      : world{{.capacity = capacity, .thread_capacity = threads, .max_queue = 1000}} {}
  ~narrow() { BOOST_TEST(tokens() == 0u); }
  narrow(const narrow&) = delete;
  narrow& operator=(const narrow&) = delete;
  std::size_t tokens() const {
    const auto facts = world.tasks.statistics();
    return facts.global.in_use + facts.thread.in_use;
  }

  virtual_time world;
};

using blocking = std::function<int(ta::task_manager&)>;
struct named_call {
  const char* name;
  blocking call;
};

const named_call calls[] = {
    {"get", [](auto& tasks) { return tasks.add_task({}, after, 1s, 7).value().get(); }},
    {"wait",
     [](auto& tasks) {
       const auto h = tasks.add_task({}, after, 1s, 7).value();
       h.wait();
       return h.get();
     }},
    {"wait_for",
     [](auto& tasks) {
       const auto h = tasks.add_task({}, after, 1s, 7).value();
       return h.wait_for(5s) ? h.get() : 0;
     }},
    {"wait_outcome",
     [](auto& tasks) { return tasks.add_task({}, after, 1s, 7).value().wait_outcome().value(); }},
    {"a thread's", [](auto& tasks) { return tasks.run_in_thread({}, [] { return 7; }).value().get(); }},
    {"gather",
     [](auto& tasks) {
       const std::vector items{1s, 2s};
       auto all = tasks.gather(
           {}, [](std::chrono::nanoseconds pause) { return after(pause, 7); }, items);
       return all[1].value();
     }},
    {"gather_each",
     [](auto& tasks) {
       const std::vector items{1s, 2s};
       int last = 0;
       auto sink = [&last](std::size_t, ta::outcome<int> one) { last = one.value(); };
       tasks.gather_each(
           {}, [](std::chrono::nanoseconds pause) { return after(pause, 7); }, items, sink);
       return last;
     }},
    {"cancel_and_wait",
     [](auto& tasks) {
       const auto h = tasks.add_task({}, hanging).value();
       (void)tasks.cancel_and_wait(h.id());
       return h.state() == ta::state::cancelled ? 7 : 0;
     }},
};

/// A call in a call in a call.
int nested(ta::task_manager& tasks, int depth, gauge& where) {
  where.enter();
  int below = 0;
  if (depth != 0) {
    auto h = tasks.run_in_thread({}, [&tasks, depth, &where] { return nested(tasks, depth - 1, where); });
    where.leave();
    below = std::move(h).value().get();
    where.enter();
  }
  where.leave();
  return below + 1;
}

} // namespace blocking_calls

BOOST_AUTO_TEST_SUITE(blocking_calls)

BOOST_AUTO_TEST_CASE(each_way_to_wait_lends_both_tokens) {
  for (const auto& each : calls)
    for (const bool in_a_body : {false, true}) {
      BOOST_TEST_CONTEXT(each.name << (in_a_body ? " in a body" : "")) {
        narrow scene;
        auto& tasks = scene.world.tasks;
        std::vector<ta::handle<int>> handles;
        auto body = [&]() -> ta::task<int> {
          const int got = co_await ta::run_in_thread([&] { return each.call(tasks); });
          co_await ta::sleep_for(1ms);
          co_return got;
        };
        for (int i = 0; i < 4; ++i)
          handles.push_back(in_a_body ? tasks.add_task({}, body).value()
                                      : tasks.run_in_thread({}, [&] { return each.call(tasks); }).value());
        for (const auto& h : handles)
          BOOST_TEST(h.get() == 7);
      }
    }
}

BOOST_AUTO_TEST_CASE(calls_in_calls_end_with_one_thread_token_and_never_more_of_them_run_than_that) {
  for (const std::size_t threads : {1, 3}) {
    narrow scene{2, threads};
    gauge where;
    auto& tasks = scene.world.tasks;
    std::vector<ta::handle<int>> handles;
    for (int i = 0; i < 3; ++i)
      handles.push_back(tasks.run_in_thread({}, [&] { return nested(tasks, 20, where); }).value());
    for (const auto& each : handles)
      BOOST_TEST(each.get() == 21);
    BOOST_TEST(where.most <= static_cast<int>(threads));
  }
}

BOOST_AUTO_TEST_CASE(the_caller_is_answered_at_the_deadline_while_the_call_waits) {
  narrow scene{2, 2};
  auto& tasks = scene.world.tasks;
  const auto begin = scene.world.now();
  std::atomic<bool> went_on{false};
  auto h = tasks.run_in_thread({.timeout = 1s}, [&] {
    const int got = tasks.add_task({}, after, 3s, 7).value().get();
    went_on = true;
    return got;
  });
  h->wait();
  BOOST_CHECK(h->state() == ta::state::timed_out);
  BOOST_CHECK(scene.world.now() - begin == 1s);
  scene.world.run_until([&] { return went_on.load(); });
  BOOST_CHECK(scene.world.now() - begin == 3s); // a thread can't be interrupted
  scene.world.run_until([&] { return tasks.statistics().running == 0; });
}

BOOST_AUTO_TEST_CASE(a_wait_with_a_limit_ends_then_though_there_is_no_token) {
  narrow scene{2, 2};
  auto& tasks = scene.world.tasks;
  auto long_one = tasks.add_task({}, hanging).value();
  std::atomic<bool> returned{false};
  std::chrono::steady_clock::time_point when{};
  auto h = tasks
               .run_in_thread({},
                              [&] {
                                const bool ended = long_one.wait_for(1s);
                                when = ta::this_task::now();
                                returned = true;
                                return ended;
                              })
               .value();
  const auto begin = scene.world.now();
  scene.world.run_until([&] { return tasks.statistics().global.in_use == 1; }); // it waits
  tasks.resize(limiter_kind::global, 0);
  tasks.resize(limiter_kind::thread, 0);
  scene.world.run_until([&] { return returned.load(); });
  BOOST_CHECK(when - begin == 1s);
  BOOST_TEST(!h.finished()); // what follows the call in the body waits for a token
  tasks.resize(limiter_kind::global, 2);
  BOOST_TEST(!h.get());
  long_one.cancel();
  scene.world.settle();
}

BOOST_AUTO_TEST_CASE(a_call_that_is_asked_to_stop_does_not_wait_for_its_tokens) {
  narrow scene{2, 2};
  auto& tasks = scene.world.tasks;
  auto job = tasks.add_task({}, after, 1s, 7).value();
  std::atomic<int> got{0};
  auto h = tasks.run_in_thread({}, [&] { got = job.get(); }).value();
  scene.world.run_until([&] { return tasks.statistics().global.in_use == 1; });
  tasks.resize(limiter_kind::global, 0);
  scene.world.advance(2s); // the value is there, the tokens aren't
  BOOST_TEST(got == 0);
  h.cancel();
  scene.world.run_until([&] { return h.finished(); });
  BOOST_TEST(got == 7);
  tasks.resize(limiter_kind::global, 2);
  scene.world.settle();
}

BOOST_AUTO_TEST_CASE(a_killed_call_that_waits_leaves_its_tokens_to_others) {
  virtual_time world{{.capacity = 2, .thread_capacity = 1, .cancel_grace = 1s}};
  auto& tasks = world.tasks;
  auto job = tasks.add_task({}, after, 60s, 7).value();
  auto h = tasks.run_in_thread({}, [&] { return job.get(); }).value();
  world.settle();
  h.cancel();
  world.advance(10s); // left behind
  BOOST_CHECK(h.state() == ta::state::cancelled);
  auto other = tasks.run_in_thread({}, [] { return 1; }).value();
  BOOST_TEST(other.get() == 1);
  world.run_until([&] { return tasks.statistics().running == 0; });
  BOOST_TEST(tasks.statistics().global.in_use == 0u);
  BOOST_TEST(tasks.statistics().thread.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(random_calls_that_wait_and_end_lose_no_token) {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    std::mt19937 random{seed};
    narrow scene{1 + random() % 3, 1 + random() % 3};
    auto& tasks = scene.world.tasks;
    std::vector<ta::handle<int>> handles;
    for (int i = 0; i < 12; ++i) {
      const auto& which = calls[random() % std::size(calls)].call;
      ta::task_options options;
      if (random() % 3 == 0)
        options.timeout = std::chrono::milliseconds{random() % 4000};
      handles.push_back(tasks.run_in_thread(options, [&tasks, &which] { return which(tasks); }).value());
    }
    for (int i = 0; i < 6; ++i) {
      scene.world.advance(std::chrono::milliseconds{random() % 500});
      if (random() % 2 == 0)
        handles[random() % handles.size()].cancel();
      if (random() % 2 == 0)
        tasks.resize(random() % 2 == 0 ? limiter_kind::global : limiter_kind::thread, 1 + random() % 3);
    }
    for (const auto& each : handles)
      each.wait();
    scene.world.run_until([&] { return tasks.statistics().running == 0; });
  }
}

BOOST_AUTO_TEST_CASE(in_real_time_more_calls_than_tokens_wait_for_tasks_and_calls) {
  ta::task_manager tasks{{.capacity = 4, .thread_capacity = 4}};
  gauge where;
  std::vector<ta::handle<int>> handles;
  for (int i = 0; i < 60; ++i)
    handles.push_back(tasks
                          .run_in_thread({},
                                         [&] {
                                           const int deep = nested(tasks, 3, where);
                                           return deep + tasks.add_task({}, [] { return 1; }).value().get();
                                         })
                          .value());
  for (const auto& each : handles)
    BOOST_TEST(each.get() == 5);
  BOOST_TEST(where.most <= 4);
  BOOST_TEST(tasks.statistics().thread.in_use == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
