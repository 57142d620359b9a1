// Which of several scopes ends, and from when their clocks count.
#include "bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace scope_ends {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({}, std::move(body)).value().get();
}

/// Scopes of these times, the outermost first, around what hangs; each writes its place when it was left.
ta::task<void> nested(const std::vector<std::chrono::nanoseconds>& times, std::size_t place,
                      std::string& trace, bool throwing) {
  if (place == times.size()) {
    co_await hanging_twice();
    co_return;
  }
  std::string told = std::to_string(place);
  if (throwing) {
    try {
      co_await ta::fail_after(times[place], nested(times, place + 1, trace, throwing));
      told += " in time ";
    } catch (const ta::timeout_error&) {
      told += " late ";
    }
  } else {
    const bool in_time = co_await ta::move_on_after(times[place], nested(times, place + 1, trace, throwing));
    told += in_time ? " in time " : " late ";
  }
  trace += told;
}

/// Throws when it is cancelled.
ta::task<int> messy() {
  try {
    co_await ta::sleep_for(1h);
  } catch (const ta::cancelled_error&) {
    throw std::runtime_error{"rollback failed"};
  }
  co_return 1;
}

} // namespace scope_ends

BOOST_AUTO_TEST_SUITE(scope_ends)

BOOST_AUTO_TEST_CASE(of_scopes_that_have_expired_at_once_only_the_outermost_ends) {
  using times = std::vector<std::chrono::nanoseconds>;
  const std::pair<times, std::string> cases[] = {
      {{1s, 1s}, "0 late "},
      {{1s, 1s, 1s}, "0 late "},
      {{0s, 0s, 0s}, "0 late "},
      {{3s, 1s, 1s}, "1 late 0 in time "},
      {{1s, 3s, 1s}, "0 late "},
      {{2s, 1s}, "1 late 0 in time "},
      {{1h, 1h, 1s, 2s}, "2 late 1 in time 0 in time "},
  };
  for (const auto& [limits, wanted] : cases)
    for (const bool throwing : {false, true}) {
      virtual_time world;
      std::string trace;
      auto body = [&, &given = limits]() -> ta::task<void> { co_await nested(given, 0, trace, throwing); };
      run(world, body);
      BOOST_TEST(trace == wanted);
    }
}

BOOST_AUTO_TEST_CASE(a_scope_that_expires_during_the_clean_up_of_an_inner_one_decides) {
  virtual_time world;
  std::string trace;
  auto slow_to_end = []() -> ta::task<void> {
    bool cancelled = false;
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      cancelled = true;
    }
    if (cancelled)
      co_await ta::shield(ta::sleep_for(2s));
    co_await ta::yield(); // throws again
  };
  auto inner = [&]() -> ta::task<void> {
    co_await ta::move_on_after(1s, slow_to_end);
    trace += "between ";
  };
  auto body = [&]() -> ta::task<void> {
    const bool in_time = co_await ta::move_on_after(2s, inner);
    trace += in_time ? "in time" : "late";
  };
  run(world, body);
  BOOST_TEST(trace == "late");
}

BOOST_AUTO_TEST_CASE(a_shield_between_keeps_the_outer_scope_out) {
  virtual_time world;
  std::string trace;
  auto shielded = [&]() -> ta::task<void> {
    const bool in_time = co_await ta::move_on_after(1s, hanging_twice());
    trace += in_time ? "in time " : "inner ";
  };
  auto inner = [&]() -> ta::task<void> {
    co_await ta::shield(shielded);
    trace += "behind the shield ";
    co_await ta::yield();
    trace += "never ";
  };
  auto body = [&]() -> ta::task<void> {
    const bool in_time = co_await ta::move_on_after(1s, inner);
    trace += in_time ? "in time" : "outer";
  };
  run(world, body);
  BOOST_TEST(trace == "inner behind the shield outer");
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_ends_as_a_whole_whatever_has_expired_in_it) {
  virtual_time world;
  std::string trace;
  auto body = [&]() -> ta::task<void> {
    co_await ta::move_on_after(1s, hanging_twice());
    trace += "went on";
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(trace == "");

  auto in_clean_up = [&]() -> ta::task<void> {
    auto slow_to_end = []() -> ta::task<void> {
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) { // NOLINT: goes on below
      }
      co_await ta::shield(ta::sleep_for(1s));
      co_await ta::yield();
    };
    co_await ta::move_on_after(1s, slow_to_end);
    trace += "went on";
  };
  auto late = world.tasks.add_task({}, in_clean_up).value();
  world.advance(1500ms); // its scope has expired, and cleans up
  late.cancel();
  world.advance(1s);
  BOOST_CHECK(late.state() == ta::state::cancelled);
  BOOST_TEST(trace == "");
}

BOOST_AUTO_TEST_CASE(a_tasks_own_clock_is_the_outermost_of_all_whichever_rings_first) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ta::testing::manager m{{.seed = seed}};
    bool went_on = false;
    auto fails = []() -> ta::task<void> { co_await ta::fail_after(1s, hanging_twice()); };
    auto moves_on = [&went_on]() -> ta::task<void> {
      co_await ta::move_on_after(1s, hanging_twice());
      went_on = true;
    };
    auto shielded = []() -> ta::task<void> {
      co_await ta::shield(ta::move_on_after(1s, hanging_twice()));
      co_await hanging();
    };
    auto a = m.tasks().add_task({.timeout = 1s}, fails).value();
    auto b = m.tasks().add_task({.total_timeout = 1s}, moves_on).value();
    auto c = m.tasks().add_task({.timeout = 1s}, shielded).value();
    m.advance(1s);
    BOOST_CHECK(a.state() == ta::state::timed_out);
    BOOST_REQUIRE(b.state() == ta::state::timed_out);
    BOOST_CHECK(c.state() == ta::state::timed_out);
    BOOST_CHECK(b.try_outcome()->error().reason() == ta::end_reason::total_timeout);
    BOOST_TEST(!went_on);
  }
}

BOOST_AUTO_TEST_CASE(what_has_ended_by_itself_at_that_moment_has_ended_so) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto inner = [&trace]() -> ta::task<void> {
      auto stubborn = []() -> ta::task<int> {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) { // NOLINT: ends by itself
        }
        co_return 7;
      };
      const auto got = co_await ta::fail_after(1s, stubborn);
      trace += std::to_string(got) + ' ';
      co_await ta::yield();
      trace += "never ";
    };
    const bool in_time = co_await ta::move_on_after(1s, inner);
    trace += in_time ? "in time" : "late";
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "7 late");
}

BOOST_AUTO_TEST_CASE(what_clean_up_throws_is_told_once_by_the_scope_that_decides) {
  virtual_time world;
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    try {
      co_await ta::fail_after(2s, ta::fail_after(2s, messy));
    } catch (const ta::timeout_error&) {
      trace = ta::describe(std::current_exception());
    }
    co_return trace;
  };
  const auto trace = run(world, body);
  BOOST_TEST(trace.find("not done within 2 s: time was up <- std::runtime_error: rollback failed")
                 != std::string::npos,
             trace);
  BOOST_TEST(trace.find("timeout_error") == trace.rfind("timeout_error"), trace);
  BOOST_TEST(faults.wait_for(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_scopes_clock_starts_when_it_is_awaited) {
  virtual_time world;
  auto body = [&]() -> ta::task<void> {
    auto moving_on = ta::move_on_after(50ms, after(40ms, 1));
    auto failing_late = ta::fail_after(50ms, after(40ms, 2));
    auto too_late = ta::fail_at(ta::this_task::now() + 50ms, after(40ms, 3));
    co_await ta::sleep_for(1s);
    const auto moved = co_await std::move(moving_on);
    BOOST_TEST(moved.has_value());
    const auto value = co_await std::move(failing_late);
    BOOST_TEST(value == 2);
    bool late = false;
    try {
      co_await std::move(too_late); // a point in time is one
    } catch (const ta::timeout_error& e) {
      late = std::string{e.what()}.find("not done within 0") != std::string::npos;
    }
    BOOST_TEST(late);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_sleeps_clock_starts_when_it_is_awaited) {
  virtual_time world;
  auto body = [&]() -> ta::task<void> {
    const auto begin = ta::this_task::now();
    auto second = ta::sleep_for(1s);
    auto until = ta::sleep_until(begin + 1s);
    co_await ta::sleep_for(5s);
    co_await std::move(second);
    BOOST_CHECK(ta::this_task::now() - begin == 6s);
    co_await std::move(until);
    BOOST_CHECK(ta::this_task::now() - begin == 6s);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_cancellation_leaves_no_time) {
  virtual_time world;
  std::string trace;
  auto look = [&trace](const char* where) {
    const bool none = ta::this_task::remaining() == 0s && ta::this_task::deadline() <= ta::this_task::now();
    trace += std::string{where} + (none ? ": none " : ": some ");
  };
  auto body = [&]() -> ta::task<void> {
    look("before");
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      look("cancelled");
    }
    auto shielded = [&]() -> ta::task<void> {
      look("shielded");
      co_return;
    };
    co_await ta::shield(shielded);
    co_await ta::yield();
  };
  auto h = world.tasks.add_task({.timeout = ta::no_timeout}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(trace == "before: some cancelled: none shielded: some ");
  trace.clear();
  auto on_thread = [&]() -> ta::task<void> {
    auto call = [&] {
      while (!ta::this_task::cancel_requested())
        std::this_thread::yield();
      look("thread");
    };
    co_await ta::run_in_thread(call);
  };
  auto t = world.tasks.add_task({.timeout = ta::no_timeout}, on_thread).value();
  world.settle();
  t.cancel();
  t.wait();
  BOOST_TEST(trace == "thread: none ");
}

BOOST_AUTO_TEST_SUITE_END()
