// The watch over bodies that hold a thread of the scheduler. It goes by real time: no test here waits for
// more than the watch itself. On a busy machine it sees turns as well that are long since their thread was
// kept waiting: a real manager may report more than what a test has ordered.
#include "lifecycle/manager_core.hpp"
#include "threads/stall_detector.hpp"

#include "lifecycle/bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace test;

BOOST_AUTO_TEST_SUITE(blocked_threads)

namespace {

using ta::detail::stall_detector;
using ta::detail::thread_slot;
using ta::detail::time_point;
using ta::detail::watched_turn;

/// What the kernel says of the test's thread: as the test says.
std::optional<ta::detail::thread_times> thread_now;

/// A watch whose time is the test's, over a record of a manager in virtual time.
struct watched {
  watched()
      : home(ta::detail::core_of(world.tasks)),
        watch(home, 100ms, [](pid_t) noexcept { return thread_now; }) {
    thread_now.reset();
    task->home = &home;
    task->id = "t";
  }
  std::vector<std::string> scan(std::chrono::milliseconds at) {
    std::vector<std::string> result;
    for (const auto& each : watch.scan(time_point{} + at))
      result.push_back(each.id + " " + std::to_string(each.held / 1ms));
    return result;
  }

  virtual_time world;
  ta::detail::manager_core& home;
  stall_detector watch;
  ta::detail::ref<ta::detail::record> task{ta::detail::make_body([] {})};
};

std::shared_ptr<spdlog::logger> quiet() { return std::make_shared<spdlog::logger>("quiet"); }

using lines = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(a_turn_is_reported_once_when_it_is_as_long_as_the_bound) {
  watched w;
  {
    const watched_turn turn{&w.watch, *w.task};
    BOOST_TEST(w.scan(0ms) == lines{}, boost::test_tools::per_element());
    BOOST_TEST(w.scan(99ms) == lines{}, boost::test_tools::per_element());
    BOOST_TEST(w.scan(100ms) == lines{"t 100"}, boost::test_tools::per_element());
    BOOST_TEST(w.scan(200ms) == lines{}, boost::test_tools::per_element());
    BOOST_TEST(w.watch.statistics().now == 1u);
  }
  BOOST_TEST(w.scan(250ms) == lines{}, boost::test_tools::per_element());
  BOOST_TEST(w.watch.statistics().now == 0u);
  BOOST_TEST(w.watch.statistics().ever == 1u);
  BOOST_TEST((w.watch.statistics().longest == 200ms));
}

BOOST_AUTO_TEST_CASE(time_that_others_had_the_processor_for_does_not_count) {
  watched w;
  const watched_turn turn{&w.watch, *w.task};
  thread_now = {.ran = 1s, .waited = 7s};
  BOOST_TEST(w.scan(0ms) == lines{}, boost::test_tools::per_element());
  thread_now->waited += 60ms;
  BOOST_TEST(w.scan(150ms) == lines{}, boost::test_tools::per_element());
  thread_now->waited += 10ms;
  BOOST_TEST(w.scan(169ms) == lines{}, boost::test_tools::per_element());
  BOOST_TEST(w.scan(170ms) == lines{"t 100"}, boost::test_tools::per_element());
  thread_now->waited += 500ms;
  BOOST_TEST(w.scan(690ms) == lines{}, boost::test_tools::per_element());
  BOOST_TEST((w.watch.statistics().longest == 120ms));
}

BOOST_AUTO_TEST_CASE(a_thread_that_waits_for_a_processor_is_judged_when_it_had_one) {
  watched w;
  const watched_turn turn{&w.watch, *w.task};
  thread_now = {.ran = 1s, .waited = 7s, .runnable = true};
  BOOST_TEST(w.scan(0ms) == lines{}, boost::test_tools::per_element());
  BOOST_TEST(w.scan(1s) == lines{}, boost::test_tools::per_element());
  BOOST_TEST(w.scan(2s) == lines{}, boost::test_tools::per_element());
  thread_now->waited += 2s; // it goes on, and computes
  thread_now->ran += 50ms;
  BOOST_TEST(w.scan(2050ms) == lines{}, boost::test_tools::per_element());
  thread_now->ran += 50ms;
  BOOST_TEST(w.scan(2100ms) == lines{"t 100"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(where_the_kernel_does_not_say_it_now_and_then_the_clock_counts) {
  watched w;
  const watched_turn turn{&w.watch, *w.task};
  BOOST_TEST(w.scan(0ms) == lines{}, boost::test_tools::per_element());
  thread_now = {.ran = 1s, .waited = 7s};
  BOOST_TEST(w.scan(50ms) == lines{}, boost::test_tools::per_element());
  thread_now.reset();
  BOOST_TEST(w.scan(100ms) == lines{"t 100"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_kernel_says_how_long_a_thread_was_kept_waiting) {
  const auto before = ta::detail::times_of(::gettid());
  BOOST_TEST(!ta::detail::times_of(1 << 30));
  const bool is_told = ::access("/proc/self/schedstat", R_OK) == 0; // the kernel may be built without
  BOOST_REQUIRE(before.has_value() == is_told);
  if (!is_told)
    return;
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i)
    others.emplace_back([&] {
      while (!over) {
      }
    });
  const auto patience = std::chrono::steady_clock::now() + 60s;
  auto now = *before;
  while ((now.waited == before->waited || now.ran == before->ran)
         && std::chrono::steady_clock::now() < patience)
    now = ta::detail::times_of(::gettid()).value();
  over = true;
  for (auto& each : others)
    each.join();
  BOOST_TEST((now.waited > before->waited));
  BOOST_TEST((now.ran > before->ran));
  BOOST_TEST(now.runnable);
}

BOOST_AUTO_TEST_CASE(turns_that_follow_each_other_are_not_one_long_turn) {
  watched w;
  const watched_turn turn{&w.watch, *w.task};
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(w.scan(i * 60ms) == lines{}, boost::test_tools::per_element());
    turn.next(); // the same task's next item
  }
  for (int i = 20; i < 40; ++i) {
    const watched_turn inner{&w.watch, *w.task};
    BOOST_TEST(w.scan(i * 60ms) == lines{}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(another_managers_turn_is_not_reported) {
  watched mine, other;
  const watched_turn turn{&other.watch, *other.task};
  mine.scan(0ms);
  BOOST_TEST(mine.scan(500ms) == lines{}, boost::test_tools::per_element());
  BOOST_TEST(mine.watch.statistics().ever == 0u);
  other.scan(0ms);
  BOOST_TEST(other.scan(500ms) == lines{"t 500"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(after_a_turn_inside_a_turn_the_outer_one_goes_on) {
  watched outer, inner;
  const watched_turn turn{&outer.watch, *outer.task};
  { const watched_turn nested{&inner.watch, *inner.task}; }
  outer.scan(0ms);
  BOOST_TEST(outer.scan(100ms) == lines{"t 100"}, boost::test_tools::per_element());
}

// Threads come and go, and enter and leave, while two watches pin what they find.
BOOST_AUTO_TEST_CASE(turns_may_end_while_they_are_looked_at) {
  watched w, other;
  std::atomic<bool> over{false};
  std::atomic<std::size_t> found{0};
  std::vector<std::thread> threads;
  for (auto* each : {&w, &other})
    threads.emplace_back([&, each] {
      for (auto now = 0ms; !over; now += 200ms)
        found += each->scan(now).size();
    });
  while (found < 100)
    std::thread([&] {
      for (int i = 0; i < 1000; ++i) {
        auto* each = i % 2 == 0 ? &w : &other;
        const watched_turn turn{&each->watch, *each->task};
        if (i % 10 == 0)
          std::this_thread::yield();
      }
    }).join();
  over = true;
  for (auto& each : threads)
    each.join();
  BOOST_TEST(w.watch.statistics().ever + other.watch.statistics().ever == found);
}

BOOST_AUTO_TEST_CASE(a_body_that_blocks_is_named_while_it_does) {
  listener seen;
  std::ostringstream log;
  auto logger
      = std::make_shared<spdlog::logger>("log", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
  logger->set_pattern("%l %v");
  ta::task_manager tasks{{.blocked_after = 10ms, .logger = logger}};
  auto watching = tasks.observe(seen.handler(ta::event_kind::blocking));
  auto h = tasks
               .add_task({.id = "report"},
                         [&]() -> ta::task<std::size_t> {
                           const auto told = seen.wait_for(1).size(); // what one must not do in a coroutine
                           co_await ta::yield();
                           co_return told;
                         })
               .value();
  BOOST_TEST(h.get() == 1u);
  const auto said = seen.wait_for(1);
  BOOST_TEST(
      said.at(0)
      == "report has held a thread of the scheduler: call what blocks by run_in_thread, and let a long "
         "computation co_await yield() now and then");
  const auto facts = tasks.statistics();
  BOOST_TEST(facts.blocks >= 1u);
  BOOST_TEST((facts.longest_block >= 10ms));
  tasks.shutdown();
  BOOST_TEST(log.str().starts_with("warning report: has held a thread of the scheduler for "));
}

BOOST_AUTO_TEST_CASE(an_item_of_a_gather_is_named_by_its_index) {
  listener seen;
  ta::task_manager tasks{{.blocked_after = 10ms, .logger = quiet()}};
  auto watching = tasks.observe(seen.handler(ta::event_kind::blocking));
  auto sum = [&](int i) {
    if (i == 2)
      seen.wait_for_line("sums/2 ");
  };
  tasks.gather({.id = "sums"}, sum, std::vector{0, 1, 2, 3});
  BOOST_TEST(seen.wait_for_line("sums/2 "));
}

BOOST_AUTO_TEST_CASE(the_watch_is_woken_after_it_has_slept) {
  listener seen;
  ta::task_manager tasks{{.blocked_after = 4ms, .logger = quiet()}};
  auto watching = tasks.observe(seen.handler(ta::event_kind::blocking));
  for (int i = 0; i < 3; ++i) {
    const auto before = seen.wait_for(0).size();
    tasks.add_task({}, [&] { BOOST_TEST(seen.wait_for(before + 1).size() > before); }).value().get();
    while (!ta::detail::core_of(tasks).watch()->asleep())
      std::this_thread::yield();
  }
  BOOST_TEST(tasks.statistics().blocks >= 3u);
}

BOOST_AUTO_TEST_CASE(zero_turns_the_watch_off) {
  ta::task_manager tasks{{.blocked_after = 0ms}};
  BOOST_TEST(!ta::detail::core_of(tasks).watch());
  BOOST_CHECK_THROW(ta::task_manager({.blocked_after = -1ms}), std::system_error);
}

// The items of a gather that never await don't keep the scheduler's only thread from the manager and other
// tasks.
BOOST_AUTO_TEST_CASE(a_gather_of_plain_functions_lets_others_have_their_turn) {
  ta::task_manager tasks{{.capacity = 8, .scheduler_threads = 1}};
  std::atomic<bool> ran{false};
  std::atomic<int> items{0};
  auto others = tasks
                    .add_task({},
                              [&]() -> ta::task<void> {
                                while (items == 0)
                                  co_await ta::yield();
                                ran = true;
                              })
                    .value();
  std::vector<int> numbers(100'000);
  int before = 0;
  auto count = [&](int) {
    ++items;
    before += !ran;
  };
  tasks.gather({}, count, numbers);
  others.wait();
  BOOST_TEST(before < 1000);
}

BOOST_AUTO_TEST_SUITE_END()
