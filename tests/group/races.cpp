// race and when_all: who decides, and what becomes of the others.
#include "lifecycle/bodies.hpp"
#include "support/gate.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace races {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

ta::task<std::string> word(std::chrono::nanoseconds pause, std::string text) {
  co_await ta::sleep_for(pause);
  co_return text;
}

} // namespace races

BOOST_AUTO_TEST_SUITE(races)

BOOST_AUTO_TEST_CASE(the_first_to_end_wins_and_the_losers_are_cancelled_and_awaited) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<std::string> {
    auto loser = [&gone]() -> ta::task<int> {
      const witness here{&gone};
      co_await ta::sleep_for(1h);
      co_return 1;
    };
    const auto won = co_await ta::race(loser, word(1s, "fast"), ta::sleep_for(2s));
    BOOST_TEST(won.index() == 1u);
    BOOST_TEST(gone == 1);
    co_return std::get<1>(won);
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == "fast");
  BOOST_CHECK(world.now() - begin == 1s);
}

BOOST_AUTO_TEST_CASE(a_race_of_equals_says_who_and_takes_move_only_values) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    auto boxed = [](std::chrono::nanoseconds pause, int n) -> ta::task<std::unique_ptr<int>> {
      co_await ta::sleep_for(pause);
      co_return std::make_unique<int>(n);
    };
    std::vector<ta::task<std::unique_ptr<int>>> all;
    all.push_back(boxed(3s, 30));
    all.push_back(boxed(1s, 10));
    all.push_back(boxed(2s, 20));
    const auto won = co_await ta::race(std::move(all));
    BOOST_TEST(won.index == 1u);
    co_return *won.value;
  };
  BOOST_TEST(run(world, body) == 10);
}

BOOST_AUTO_TEST_CASE(an_exception_can_win_a_race) {
  virtual_time world;
  auto body = []() -> ta::task<void> { co_await ta::race(failing(1s), hanging()); };
  BOOST_CHECK_THROW(run(world, body), std::runtime_error);
  auto nobody = []() -> ta::task<void> { co_await ta::race(std::vector<ta::task<int>>{}); };
  BOOST_CHECK_THROW(run(world, nobody), std::system_error);
}

BOOST_AUTO_TEST_CASE(what_a_loser_throws_is_reported) {
  virtual_time world;
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  auto body = []() -> ta::task<int> {
    auto messy = []() -> ta::task<int> {
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) {
        throw std::logic_error{"messy"};
      }
      co_return 1;
    };
    const auto won = co_await ta::race(after(1s, 5), messy);
    co_return std::get<0>(won);
  };
  BOOST_TEST(run(world, body) == 5);
  BOOST_TEST(faults.wait_for(1).at(0).find("std::logic_error: messy") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cancelled_race_is_cancelled) {
  virtual_time world;
  auto body = []() -> ta::task<void> { co_await ta::race(hanging(), hanging()); };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_race_that_the_queue_has_no_room_for_says_so) {
  virtual_time world{{.max_queue = 2}};
  auto body = []() -> ta::task<bool> {
    bool full = false;
    try {
      co_await ta::race(hanging(), hanging());
    } catch (const std::system_error& e) {
      full = e.code() == ta::make_error_code(ta::errc::queue_full);
    }
    co_return full;
  };
  BOOST_TEST(run(world, body));
}

BOOST_AUTO_TEST_CASE(when_all_gives_values_of_different_types) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto [number, text, nothing] = co_await ta::when_all(after(2s, 1), word(1s, "two"), ta::sleep_for(3s));
    static_cast<void>(nothing);
    co_return std::to_string(number) + text;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == "1two");
  BOOST_CHECK(world.now() - begin == 3s);
}

BOOST_AUTO_TEST_CASE(the_first_failure_of_when_all_is_thrown_as_it_is_and_cancels_the_others) {
  virtual_time world;
  auto body = []() -> ta::task<bool> {
    const auto begin = ta::this_task::now();
    try {
      co_await ta::when_all(failing(1s), hanging());
    } catch (const std::runtime_error& e) {
      co_return std::string{e.what()} == "boom" && ta::this_task::now() - begin == 1s;
    }
    co_return false;
  };
  BOOST_TEST(run(world, body));
}

BOOST_AUTO_TEST_CASE(all_of_a_cancelled_task_have_no_values_and_it_is_cancelled) {
  virtual_time world;
  bool went_on = false;
  auto parent = [&went_on]() -> ta::task<int> {
    const auto [a, b] = co_await ta::when_all(after(1s, 1), hanging());
    went_on = true;
    co_return a + b;
  };
  auto h = world.tasks.add_task({}, parent).value();
  world.advance(2s);
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(!went_on);
}

/// A body that neither awaits nor ends in its grace is left behind, and ends when all is over.
BOOST_AUTO_TEST_CASE(who_is_left_behind_refers_to_nothing_of_what_is_over) {
  ta::task_manager tasks{{.cancel_grace = 0s, .scheduler_threads = 4}};
  for (int form = 0; form < 3; ++form) {
    gate closed;
    auto busy = [&closed]() -> ta::task<std::string> {
      closed.pass();
      co_return std::string(100, 'b');
    };
    auto quick = [&closed, form]() -> ta::task<std::string> {
      while (closed.held() == 0)
        co_await ta::sleep_for(1ms);
      if (form == 2)
        throw std::runtime_error{"no"};
      co_return std::string(100, 'q');
    };
    auto body = [&]() -> ta::task<std::string> {
      if (form == 0)
        co_return std::get<1>(co_await ta::race(busy(), quick()));
      if (form == 1) {
        std::vector<ta::task<std::string>> both;
        both.push_back(busy());
        both.push_back(quick());
        co_return (co_await ta::race(std::move(both))).value;
      }
      co_return std::get<0>(co_await ta::when_all(busy(), quick()));
    };
    const auto h = tasks.add_task({}, body).value();
    BOOST_TEST(h.wait_for(20s));
    BOOST_CHECK(h.state() == (form == 2 ? ta::state::failed : ta::state::completed));
    if (form != 2)
      BOOST_TEST(h.get() == std::string(100, 'q'));
    closed.open();
    while (tasks.statistics().overrunning != 0)
      std::this_thread::yield();
  }
}

BOOST_AUTO_TEST_SUITE_END()
