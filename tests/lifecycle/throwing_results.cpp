// Results whose copies and moves throw, at the n-th call, for each n, on every way that a result takes: the
// end is a value or a failure.
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <list>
#include <stdexcept>
#include <string>
#include <vector>

namespace throwing_results {

using namespace test;

struct no_move : std::runtime_error {
  no_move() : std::runtime_error{"can't be moved"} {}
};

/// Throws at one of its constructions from another one. What was moved from has no value.
class fragile {
public:
  static inline int left = 0; // the one that throws, counted from here; below zero: none
  explicit fragile(int value) : value_(value) {}
  fragile(const fragile& from) : value_(from.value_) { count(); }
  fragile(fragile&& from) : value_(from.value_) { // NOLINT: it throws
    count();
    from.value_ = 0;
  }
  fragile& operator=(const fragile&) = delete;
  ~fragile() { value_ = -1; }
  int value() const { return value_; }

private:
  static void count() {
    if (left >= 0 && left-- == 0)
      throw no_move{};
  }
  int value_;
};

/// Runs `way` with the n-th construction throwing, until none does. It gives 7 for each value that came.
template <class Way>
void at_each_construction(Way way) {
  int failed = 0;
  for (int n = 0;; ++n) {
    BOOST_REQUIRE(n < 200);
    virtual_time world;
    fragile::left = n;
    int got = 0;
    try {
      got = way(world.tasks);
    } catch (const no_move&) {
      ++failed;
      got = 7;
    }
    BOOST_TEST_CONTEXT("construction " << n) { BOOST_TEST(got == 7); }
    if (fragile::left >= 0)
      break;
  }
  fragile::left = -1;
  BOOST_TEST(failed > 0);
}

/// What an outcome says: 7, or that it has failed for the right reason.
int check(const ta::outcome<fragile>& end) {
  if (end)
    return end->value();
  BOOST_CHECK(end.state() == ta::state::failed);
  end.value(); // throws
  return 0;
}

/// All of them are there; one has failed at most.
template <class Outcomes>
int check_all(const Outcomes& all, std::size_t size) {
  BOOST_TEST(all.size() == size);
  bool failed = false;
  for (const auto& each : all)
    try {
      if (check(each) != 7)
        return 0;
    } catch (const no_move&) {
      if (std::exchange(failed, true))
        return 0;
    }
  if (failed)
    throw no_move{};
  return 7;
}

fragile plain() { return fragile{7}; }
ta::task<fragile> body() {
  co_await ta::sleep_for(1ms);
  co_return fragile{7};
}

} // namespace throwing_results

BOOST_AUTO_TEST_SUITE(throwing_results)

BOOST_AUTO_TEST_CASE(of_tasks) {
  at_each_construction([](ta::task_manager& tasks) {
    const auto h = tasks.add_task({}, plain).value();
    const auto& end = h.wait_outcome();
    BOOST_CHECK(end.state() == h.state());
    return check(end);
  });
  at_each_construction(
      [](ta::task_manager& tasks) { return tasks.add_task({}, body).value().get().value(); });
  at_each_construction([](ta::task_manager& tasks) {
    auto h = tasks.add_task({}, body).value();
    const auto other = h;
    return check(std::move(h).wait_outcome());
  });
  at_each_construction([](ta::task_manager& tasks) {
    return check(tasks.add_task({.timeout = 1s}, body).value().wait_outcome());
  });
}

BOOST_AUTO_TEST_CASE(of_tasks_that_are_awaited) {
  at_each_construction([](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      auto h = tasks.add_task({}, body).value();
      const auto& end = co_await h.outcome();
      if (check(end) != 7)
        co_return 0;
      const auto copy = co_await std::move(h);
      const auto nested = co_await body();
      const auto own = co_await tasks.add_task({}, plain).value().outcome();
      co_return copy.value() + nested.value() + check(own) == 21 ? 7 : 0;
    };
    return tasks.add_task({}, outer).value().get();
  });
}

BOOST_AUTO_TEST_CASE(of_calls_in_threads) {
  at_each_construction([](ta::task_manager& tasks) {
    auto outer = []() -> ta::task<fragile> { co_return co_await ta::run_in_thread(plain); };
    return tasks.add_task({}, outer).value().get().value();
  });
  at_each_construction(
      [](ta::task_manager& tasks) { return tasks.run_in_thread({}, plain).value().get().value(); });
}

BOOST_AUTO_TEST_CASE(of_gathers) {
  auto each = [](int) { return fragile{7}; };
  auto slow = [](int) -> ta::task<fragile> { return body(); };
  const std::vector items{1, 2, 3};
  std::list<int> unsized(items.begin(), items.end());
  at_each_construction([&](ta::task_manager& tasks) { return check_all(tasks.gather({}, each, items), 3); });
  at_each_construction([&](ta::task_manager& tasks) { return check_all(tasks.gather({}, slow, items), 3); });
  at_each_construction([&](ta::task_manager& tasks) {
    auto some = unsized | std::views::filter([](int) { return true; });
    return check_all(tasks.gather({}, slow, some), 3);
  });
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      const auto all = co_await ta::gather({}, slow, items);
      co_return check_all(all, 3);
    };
    return tasks.add_task({}, outer).value().get();
  });
  at_each_construction([&](ta::task_manager& tasks) {
    std::vector<ta::outcome<fragile>> all;
    tasks.gather_each({}, slow, items,
                      [&](std::size_t, ta::outcome<fragile>&& end) { all.push_back(std::move(end)); });
    return check_all(all, 3);
  });
}

BOOST_AUTO_TEST_CASE(of_items_as_they_are_completed) {
  const std::vector items{1, 2, 3};
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      std::vector<ta::outcome<fragile>> all;
      auto done = ta::as_completed(
          {}, [](int) { return fragile{7}; }, items);
      while (auto one = co_await done.next())
        all.push_back(std::move(one->result));
      co_return check_all(all, 3);
    };
    return tasks.add_task({}, outer).value().get();
  });
}

BOOST_AUTO_TEST_CASE(of_generators) {
  auto three = []() -> ta::async_generator<fragile> {
    for (int i = 0; i < 3; ++i)
      co_yield fragile(7);
  };
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      auto values = three();
      bool failed = false;
      int count = 0;
      for (;; ++count) {
        try {
          auto one = co_await values.next();
          if (!one)
            break;
          if (one->value() != 7)
            co_return 0;
        } catch (const no_move&) {
          if (std::exchange(failed, true))
            co_return 0;
        }
      }
      if (failed)
        throw no_move{};
      co_return count == 3 ? 7 : 0;
    };
    return tasks.add_task({}, outer).value().get();
  });
}

BOOST_AUTO_TEST_CASE(of_races_and_what_goes_on_at_once) {
  auto late = []() -> ta::task<fragile> {
    co_await ta::sleep_for(1s);
    co_return fragile{7};
  };
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      const auto won = co_await ta::race(body(), late());
      co_return std::visit([](const auto& value) { return value.value(); }, won);
    };
    return tasks.add_task({}, outer).value().get();
  });
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      std::vector<ta::task<fragile>> bodies;
      bodies.push_back(body());
      bodies.push_back(late());
      const auto won = co_await ta::race(std::move(bodies));
      co_return won.value.value();
    };
    return tasks.add_task({}, outer).value().get();
  });
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      const auto [first, second] = co_await ta::when_all(body(), late());
      co_return (first.value() + second.value()) / 2;
    };
    return tasks.add_task({}, outer).value().get();
  });
}

BOOST_AUTO_TEST_CASE(of_groups_and_scopes) {
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      auto in_group = [](ta::task_group& group) -> ta::task<fragile> {
        group.start(body);
        co_return fragile{7};
      };
      try {
        const auto got = co_await ta::with_group(in_group);
        co_return got.value();
      } catch (const ta::group_error& e) {
        std::rethrow_exception(e.errors().at(0));
      }
    };
    return tasks.add_task({}, outer).value().get();
  });
  at_each_construction([&](ta::task_manager& tasks) {
    auto outer = [&]() -> ta::task<int> {
      const auto first = co_await ta::fail_after(1s, body);
      const auto second = co_await ta::move_on_after(1s, body);
      const auto third = co_await ta::shield(body);
      co_return second&& first.value() + second->value() + third.value() == 21 ? 7 : 0;
    };
    return tasks.add_task({}, outer).value().get();
  });
}

BOOST_AUTO_TEST_SUITE_END()
