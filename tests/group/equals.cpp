// race and when_all over ranges: who wins, the order of values, and what becomes of the others.
#include "lifecycle/bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace equals {

using namespace test;

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

ta::task<int> squared(int n) {
  co_await ta::sleep_for(std::chrono::seconds{10 - n});
  co_return n* n;
}
ta::task<std::unique_ptr<int>> boxed(int n) {
  co_await ta::sleep_for(std::chrono::seconds{10 - n});
  co_return std::make_unique<int>(n);
}

template <class T>
std::vector<ta::task<T>> some(ta::task<T> (*body)(int), int count) {
  std::vector<ta::task<T>> all;
  for (int i = 0; i < count; ++i)
    all.push_back(body(i));
  return all;
}

/// Not in braces: g++ 12 can't have these in the same expression as an await.
template <class... N>
std::vector<int> ints(N... n) {
  return {n...};
}

struct move_only {
  std::unique_ptr<int> value;
  ta::task<int> operator()() const { return squared(*value); }
};

} // namespace equals

BOOST_AUTO_TEST_SUITE(equals)

BOOST_AUTO_TEST_CASE(all_values_come_in_the_order_of_the_bodies) {
  for (const std::size_t capacity : {1, 3, 32}) {
    virtual_time world{{.capacity = capacity}};
    auto body = []() -> ta::task<void> {
      BOOST_TEST((co_await ta::when_all(some(squared, 5)) == ints(0, 1, 4, 9, 16)));
      const auto boxes = co_await ta::when_all(some(boxed, 3));
      BOOST_TEST((*boxes[0] == 0 && *boxes[2] == 2));
      std::vector<ta::task<void>> pauses;
      pauses.push_back([]() -> ta::task<void> { co_await ta::sleep_for(1s); }());
      BOOST_TEST((co_await ta::when_all(std::move(pauses))).size() == 1u);
      BOOST_TEST((co_await ta::when_all(std::vector<ta::task<int>>{})).empty());
    };
    run(world, body);
  }
}

BOOST_AUTO_TEST_CASE(any_range_of_functions_will_do) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const auto by = [](int n) { return std::function<ta::task<int>()>{[n] { return squared(n); }}; };
    std::list<std::function<ta::task<int>()>> functions{by(1), by(2), by(3)};
    BOOST_TEST((co_await ta::when_all(functions) == ints(1, 4, 9)));
    BOOST_TEST((co_await ta::when_all(std::as_const(functions)) == ints(1, 4, 9)));
    BOOST_TEST((co_await ta::race(functions)).index == 2u);
    for (const auto& each : functions)
      BOOST_TEST(bool{each}); // they were copied
    BOOST_TEST((co_await ta::when_all(std::move(functions)) == ints(1, 4, 9)));

    std::string text = "captured, and longer than what fits into a string itself";
    auto lambda = [text]() -> ta::task<std::size_t> {
      co_await ta::sleep_for(1s);
      co_return text.size();
    };
    std::vector<decltype(lambda)> lambdas{lambda, lambda};
    BOOST_TEST((co_await ta::when_all(lambdas))[1] == text.size());
    BOOST_TEST((co_await ta::race(std::move(lambdas))).value == text.size());

    std::vector<move_only> owners;
    owners.push_back({std::make_unique<int>(2)});
    owners.push_back({std::make_unique<int>(3)});
    BOOST_TEST((co_await ta::when_all(std::move(owners)) == ints(4, 9)));

    std::vector<int> numbers{2, 5, 3};
    auto made = numbers | std::views::transform(squared);
    BOOST_TEST((co_await ta::when_all(made) == ints(4, 25, 9)));
    const auto won = co_await ta::race(made);
    BOOST_TEST(won.index == 1u);
    BOOST_TEST(won.value == 25);
    std::deque<ta::task<int>> tasks;
    tasks.push_back(squared(1));
    BOOST_TEST((co_await ta::race(std::move(tasks))).value == 1);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(the_first_failure_cancels_the_others_and_is_thrown_as_it_is) {
  virtual_time world;
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    auto waits = [](int* where, bool throws) -> ta::task<int> {
      const witness here{where};
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) {
        if (throws)
          throw std::domain_error{"clean-up"};
        throw;
      }
      co_return 1;
    };
    std::vector<ta::task<int>> all;
    all.push_back(waits(&gone, false));
    all.push_back(failing(1s));
    all.push_back(waits(&gone, true));
    BOOST_CHECK_THROW(co_await ta::when_all(std::move(all)), std::runtime_error);
    BOOST_TEST(gone == 2);
  };
  const auto begin = world.now();
  run(world, body);
  BOOST_CHECK(world.now() - begin == 1s);
  BOOST_TEST(faults.wait_for(1).front().find("clean-up") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_that_somebody_cancels_is_missed_and_who_waits_can_be_cancelled) {
  for (const bool all_of_them : {false, true}) {
    virtual_time world;
    auto body = []() -> ta::task<std::size_t> { co_return (co_await ta::when_all(some(squared, 3))).size(); };
    auto h = world.tasks.add_task({.id = "parent"}, body).value();
    world.settle();
    world.tasks.cancel_task(all_of_them ? "parent" : "parent/2");
    const auto& end = h.wait_outcome();
    BOOST_CHECK(end.state() == (all_of_them ? ta::state::cancelled : ta::state::failed));
    BOOST_TEST(world.tasks.task_status().empty());
    if (!all_of_them)
      BOOST_CHECK_THROW(h.get(), ta::task_error);
  }
}

BOOST_AUTO_TEST_CASE(whatever_the_order_each_value_is_there_once) {
  ta::testing::explore({.seeds = 40}, [](ta::testing::manager& world) {
    std::vector<std::uint64_t> wanted;
    for (int i = 0; i < 8; ++i)
      wanted.push_back(world.draw(5));
    auto body = [&]() -> ta::task<void> {
      auto after_pause = [](std::uint64_t n) -> ta::task<std::uint64_t> {
        co_await ta::sleep_for(std::chrono::milliseconds{n});
        co_return n;
      };
      auto parts = wanted | std::views::transform(after_pause);
      const auto got = co_await ta::when_all(parts);
      BOOST_TEST((got == wanted));
      const auto won = co_await ta::race(parts);
      BOOST_TEST(won.value == wanted[won.index]);
      for (const auto each : wanted)
        BOOST_TEST(each >= won.value);
    };
    world.tasks().add_task({}, body).value().get();
  });
}

BOOST_AUTO_TEST_SUITE_END()
