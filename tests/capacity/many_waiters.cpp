// What waits for what, by tens of thousands: the time grows with their number, not with its square.
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/logger.h>

#include <cstddef>
#include <ctime>
#include <memory>
#include <vector>

namespace many_waiters {

using namespace test;

constexpr std::size_t few = 4'000, many = 8 * few;

/// Processor time that `work` takes for so many.
template <class Work>
double seconds_for(std::size_t count, Work work) {
  virtual_time world{{.capacity = 2 * count + 1,
                      .max_queue = 4 * count,
                      .logger = std::make_shared<spdlog::logger>("quiet")}};
  const auto begun = std::clock();
  work(world.tasks, count);
  return static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
}

/// By the square it would be 64 times as much. What else goes on can slow down one of the measurements.
template <class Work>
void check_linear(Work work) {
  seconds_for(few, work); // warm
  double of_few = 0, of_many = 0;
  for (int tries = 0; tries == 0 || (tries < 3 && of_many >= 24 * of_few + 0.1); ++tries) {
    of_few = seconds_for(few, work);
    of_many = seconds_for(many, work);
  }
  BOOST_TEST(of_many < 24 * of_few + 0.1);
}

template <class T>
void wait_for_all(const std::vector<ta::handle<T>>& all) {
  for (const auto& each : all)
    each.wait();
}

} // namespace many_waiters

BOOST_AUTO_TEST_SUITE(many_waiters)

BOOST_AUTO_TEST_CASE(behind_as_many_holders_of_a_limiter) {
  check_linear([](ta::task_manager& tasks, std::size_t count) {
    tasks.add_limiter("db", {.capacity = count});
    std::vector<ta::handle<void>> all;
    for (std::size_t i = 0; i < 2 * count; ++i)
      all.push_back(
          tasks.add_task({.limits = {"db"}}, []() -> ta::task<void> { co_await ta::sleep_for(1s); }).value());
    for (std::size_t i = 0; i < 2 * count; i += 100)
      tasks.explain(all[i].id());
    wait_for_all(all);
  });
}

BOOST_AUTO_TEST_CASE(for_the_end_of_one_task_which_most_of_them_do_not_see) {
  check_linear([](ta::task_manager& tasks, std::size_t count) {
    const auto last = tasks
                          .add_task({.timeout = 2h},
                                    []() -> ta::task<int> {
                                      co_await ta::sleep_for(1h);
                                      co_return 7;
                                    })
                          .value();
    std::vector<ta::handle<int>> all;
    for (std::size_t i = 0; i < count; ++i) {
      const auto wait = [last]() -> ta::task<int> {
        const int got = co_await last;
        co_return got;
      };
      all.push_back(tasks.add_task({.timeout = i % 4 == 0 ? 2h : 1min}, wait).value());
    }
    wait_for_all(all);
    BOOST_TEST(all[0].get() == 7);
    BOOST_CHECK(all[1].wait_outcome().state() == ta::state::timed_out);
  });
}

BOOST_AUTO_TEST_CASE(for_the_ends_of_as_many_tasks) {
  check_linear([](ta::task_manager& tasks, std::size_t count) {
    std::vector<ta::handle<std::size_t>> all;
    for (std::size_t i = 0; i < count; ++i) {
      auto each = tasks
                      .add_task(
                          {},
                          [](std::size_t n) -> ta::task<std::size_t> {
                            co_await ta::sleep_for(1s);
                            co_return n;
                          },
                          i)
                      .value();
      all.push_back(
          tasks
              .add_task(
                  {}, [](auto h) -> ta::task<std::size_t> { co_return co_await h; }, std::move(each))
              .value());
    }
    for (std::size_t i = 0; i < count; ++i)
      BOOST_REQUIRE(all[i].get() == i);
  });
}

BOOST_AUTO_TEST_SUITE_END()
