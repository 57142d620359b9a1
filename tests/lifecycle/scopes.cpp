// Scopes: fail_after, move_on_after, shield, nested in any order; rules 7 and 9.
#include "bodies.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/timers.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace test;

namespace scopes {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({}, std::move(body)).value().get();
}

} // namespace scopes

BOOST_AUTO_TEST_SUITE(scopes)

BOOST_AUTO_TEST_CASE(what_ends_in_time_gives_its_value) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int sum = co_await ta::fail_after(2s, after(1s, 1));
    const auto moved = co_await ta::move_on_after(2s, after(1s, 10));
    sum += moved.value();
    const bool slept = co_await ta::move_on_after(2s, ta::sleep_for(1s));
    co_await ta::fail_at(ta::this_task::now() + 1s, [] { return ta::yield(); });
    const auto called = co_await ta::move_on_at(ta::this_task::now() + 1s, [] { return after(1ms, 100); });
    co_return sum + *called + (slept ? 1000 : 0);
  };
  BOOST_TEST(run(world, body) == 1111);
}

BOOST_AUTO_TEST_CASE(fail_after_throws_when_time_is_up_and_the_task_goes_on) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    const auto begin = ta::this_task::now();
    try {
      co_await ta::fail_after(1s, hanging());
    } catch (const ta::timeout_error& e) {
      BOOST_CHECK(e.code() == ta::make_error_code(ta::errc::scope_timed_out));
      BOOST_TEST(std::string{e.what()}.find("not done within 1 s") != std::string::npos);
    }
    BOOST_CHECK(ta::this_task::now() - begin == 1s);
    BOOST_TEST(!ta::this_task::cancel_requested());
    co_await ta::sleep_for(1s);
    co_return 1;
  };
  BOOST_TEST(run(world, body) == 1);
}

BOOST_AUTO_TEST_CASE(a_timeout_that_leaves_the_body_is_a_failure) {
  virtual_time world;
  auto h
      = world.tasks.add_task({}, []() -> ta::task<void> { co_await ta::fail_after(1s, hanging()); }).value();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::failed);
}

BOOST_AUTO_TEST_CASE(move_on_after_goes_on_empty_handed) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    const auto value = co_await ta::move_on_after(1s, hanging());
    const bool slept = co_await ta::move_on_after(1s, ta::sleep_for(2s));
    co_return (value ? 1 : 0) + (slept ? 2 : 0);
  };
  BOOST_TEST(run(world, body) == 0);
}

BOOST_AUTO_TEST_CASE(zero_has_expired_and_negative_is_refused) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int reached = 0;
    auto inner = [&reached]() -> ta::task<void> {
      ++reached; // up to its first await
      co_await ta::yield();
      ++reached;
    };
    const bool ended = co_await ta::move_on_after(0s, inner);
    BOOST_TEST(!ended);
    bool refused = false;
    try {
      co_await ta::fail_after(-1s, inner);
    } catch (const std::system_error& e) {
      refused = e.code() == ta::make_error_code(ta::errc::invalid_argument);
      BOOST_TEST(std::string{e.what()}.find("fail_after: -1 s is negative") != std::string::npos);
    }
    BOOST_TEST(refused);
    co_return reached;
  };
  BOOST_TEST(run(world, body) == 1);
}

BOOST_AUTO_TEST_CASE(of_expired_scopes_the_outermost_decides) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto inner = [&trace]() -> ta::task<void> {
      const bool ended = co_await ta::move_on_after(1s, hanging_twice());
      trace += ended ? "ended " : "inner ";
      co_await ta::sleep_for(5s); // the outer one's time is up here
      trace += "never ";
    };
    const bool ended = co_await ta::move_on_after(3s, inner);
    trace += ended ? "ended" : "outer";
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "inner outer");
  auto outer_first = []() -> ta::task<std::string> {
    std::string trace;
    auto inner = [&trace]() -> ta::task<void> {
      try {
        co_await ta::fail_after(5s, hanging());
      } catch (const ta::timeout_error&) {
        trace += "wrong ";
      }
    };
    const bool ended = co_await ta::move_on_after(1s, inner);
    trace += ended ? "ended" : "outer";
    co_return trace;
  };
  BOOST_TEST(run(world, outer_first) == "outer");
  auto both = []() -> ta::task<std::string> {
    std::string trace;
    auto inner = [&trace]() -> ta::task<void> {
      co_await ta::move_on_after(1s, hanging_twice());
      trace += "never ";
    };
    const bool ended = co_await ta::move_on_after(1s, inner);
    trace += ended ? "ended" : "outer";
    co_return trace;
  };
  BOOST_TEST(run(world, both) == "outer");
}

BOOST_AUTO_TEST_CASE(in_an_expired_scope_each_further_await_throws) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int seen = 0;
    auto stubborn = [&seen]() -> ta::task<void> {
      for (int i = 0; i < 3; ++i) {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
          BOOST_TEST(ta::this_task::cancel_requested());
          ++seen;
        }
      }
    };
    const bool ended = co_await ta::move_on_after(1s, stubborn);
    BOOST_TEST(ended); // it has come to its end by itself: that wins
    co_return seen;
  };
  BOOST_TEST(run(world, body) == 3);
}

BOOST_AUTO_TEST_CASE(a_shield_hides_an_outer_scope_but_not_the_ones_inside) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto shielded = [&trace]() -> ta::task<void> {
      BOOST_CHECK(ta::this_task::deadline() == std::chrono::steady_clock::time_point::max());
      co_await ta::sleep_for(2s);
      trace += "slept ";
      const bool ended = co_await ta::move_on_after(1s, hanging_twice());
      trace += ended ? "ended " : "moved on ";
    };
    auto inner = [&trace, shielded]() -> ta::task<void> {
      co_await ta::shield(shielded);
      co_await ta::yield();
      trace += "never";
    };
    const bool ended = co_await ta::move_on_after(1s, inner);
    trace += ended ? "ended" : "out";
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "slept moved on out");
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_is_not_caught_by_a_scope_that_has_time) {
  virtual_time world;
  bool caught = false;
  auto body = [&caught]() -> ta::task<void> {
    co_await ta::move_on_after(1h, hanging());
    caught = true;
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(!caught);
}

BOOST_AUTO_TEST_CASE(the_deadline_told_is_the_nearest_one) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const auto now = ta::this_task::now();
    BOOST_CHECK(ta::this_task::deadline() == now + 10s);
    auto inner = [now]() -> ta::task<void> {
      BOOST_CHECK(ta::this_task::deadline() == now + 2s);
      co_await ta::fail_after(5s, [now]() -> ta::task<void> {
        BOOST_CHECK(ta::this_task::deadline() == now + 2s);
        co_return;
      });
      auto on_thread = [] { return ta::this_task::deadline(); };
      const auto there = co_await ta::run_in_thread(on_thread);
      BOOST_CHECK(there == now + 2s);
    };
    co_await ta::fail_after(2s, inner);
    BOOST_CHECK(ta::this_task::deadline() == now + 10s);
  };
  world.tasks.add_task({.timeout = 10s}, body).value().get();
}

BOOST_AUTO_TEST_CASE(what_clean_up_throws_is_kept_and_reported) {
  virtual_time world;
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  auto messy = []() -> ta::task<int> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      throw std::runtime_error{"rollback failed"};
    }
    co_return 1;
  };
  auto body = [messy]() -> ta::task<std::string> {
    std::string trace;
    try {
      co_await ta::fail_after(1s, messy);
    } catch (const ta::timeout_error&) {
      trace = ta::describe(std::current_exception());
    }
    try {
      co_await ta::move_on_after(1s, messy);
    } catch (const std::runtime_error& e) {
      trace += std::string{" | "} + e.what();
    }
    co_return trace;
  };
  const auto trace = run(world, body);
  BOOST_TEST(trace.find("<- std::runtime_error: rollback failed | rollback failed") != std::string::npos,
             trace);
  BOOST_TEST(faults.wait_for(2).size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_error_before_the_time_is_up_is_nobodys_clean_up) {
  virtual_time world;
  auto body = []() -> ta::task<void> { co_await ta::move_on_after(2s, failing(1s)); };
  BOOST_CHECK_THROW(run(world, body), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(what_clean_up_throws_after_the_tasks_own_deadline_is_reported) {
  virtual_time world;
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  auto body = []() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      throw std::runtime_error{"rollback failed"};
    }
  };
  auto h = world.tasks.add_task({.timeout = 1s}, body).value();
  h.wait();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(faults.wait_for(1).at(0).find("std::runtime_error: rollback failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_thread_in_a_scope_is_asked_to_stop_and_its_value_wins) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    auto polling = [](std::stop_token stop) {
      while (!stop.stop_requested())
        std::this_thread::yield();
      return ta::this_task::cancel_requested() ? 7 : 0;
    };
    const auto got = co_await ta::move_on_after(0s, [polling] { return ta::run_in_thread(polling); });
    BOOST_TEST(!got); // refused at the await: it never started
    auto racing = [polling]() -> ta::task<int> { co_return co_await ta::run_in_thread(polling); };
    const auto late = co_await ta::move_on_after(1ms, racing);
    BOOST_TEST(!ta::this_task::cancel_requested());
    co_return late.value_or(-1);
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  world.advance(1ms);
  BOOST_TEST(h.get() == 7);
}

BOOST_AUTO_TEST_CASE(a_killed_body_leaves_its_scopes) {
  virtual_time world{{.cancel_grace = 0s}};
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    auto inner = [&gone]() -> ta::task<void> {
      const witness here{&gone};
      co_await ta::shield(hanging());
    };
    co_await ta::fail_after(1h, ta::shield(inner));
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 1);
  BOOST_TEST(ta::detail::core_of(world.tasks).sleepers().sleeping() == 0u);
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_scopes_leave_nothing_behind) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int moved = 0;
    for (int i = 0; i < 100'000; ++i) {
      const bool ended = co_await ta::move_on_after(1h, ta::yield());
      moved += ended ? 0 : 1;
    }
    for (int i = 0; i < 1000; ++i) { // and are not slowed down as a body that swallows its cancellation
      const bool ended = co_await ta::move_on_after(0s, ta::yield());
      moved += ended ? 0 : 1;
    }
    co_return moved;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == 1000);
  BOOST_CHECK(world.now() == begin);
}

BOOST_AUTO_TEST_SUITE_END()
