/// What tests of primitives share: a body that waits at one and is ended in each way, before, after and at
/// the very moment at which what it waits for comes.
#pragma once

#include <taskactor/taskactor.hpp>
#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <ostream>
#include <system_error>
#include <utility>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;

enum class ending { cancelled, timed_out, scope_over, killed };
enum class timing { value_first, ending_first, value_then_ending, ending_then_value };

/// For `BOOST_CHECK_EXCEPTION`.
inline auto with(ta::errc code) {
  return [code](const std::system_error& e) { return e.code() == ta::make_error_code(code); };
}

/// As a task; `body` outlives it.
template <class F>
auto run(ta::testing::manager& world, F& body) {
  return world.tasks().add_task({}, std::ref(body)).value();
}

/// Runs `one(m, how, when)` for each of them, in many orders.
template <class One>
void each_ending(One one) {
  for (const auto how : {ending::cancelled, ending::timed_out, ending::scope_over, ending::killed})
    for (const auto when :
         {timing::value_first, timing::ending_first, timing::value_then_ending, timing::ending_then_value})
      BOOST_TEST_CONTEXT("ending " << static_cast<int>(how) << ", timing " << static_cast<int>(when)) {
        ta::testing::explore({.seeds = 12}, [&](ta::testing::manager& m) { one(m, how, when); });
      }
}

/// Runs `body` until it waits, ends it and calls `serve`, in the order of `when`. Both outlive the manager.
template <class Body, class Serve>
void end_while_waiting(ta::testing::manager& m, ending how, timing when, Body& body, Serve& serve) {
  const bool by_clock = how == ending::timed_out || how == ending::scope_over;
  auto waiting = [&body, how]() -> ta::task<void> {
    if (how == ending::scope_over)
      co_await ta::move_on_after(1s, std::ref(body));
    else
      co_await body();
  };
  ta::task_options options{.id = "waiter"};
  if (how == ending::timed_out)
    options.timeout = 1s;
  auto waiter = m.tasks().add_task(std::move(options), waiting).value();
  m.settle();
  BOOST_REQUIRE(waiter.state() == ta::state::running);
  const auto end = [&] {
    if (how == ending::cancelled)
      waiter.cancel();
    else if (how == ending::killed)
      m.kill_task("waiter");
    else
      m.advance(1s);
  };
  auto serve_in_time = [&serve]() -> ta::task<void> {
    co_await ta::sleep_for(1s);
    serve();
  };
  switch (when) {
  case timing::value_first:
    serve();
    m.settle();
    end();
    break;
  case timing::ending_first:
    end();
    m.settle();
    serve();
    break;
  case timing::value_then_ending:
  case timing::ending_then_value:
    if (by_clock)
      (void)m.tasks().add_task({}, serve_in_time);
    else if (when == timing::value_then_ending)
      serve();
    end();
    if (!by_clock && when == timing::ending_then_value)
      serve();
    break;
  }
  m.settle();
  BOOST_REQUIRE(ta::is_final(waiter.state()));
}

} // namespace test
