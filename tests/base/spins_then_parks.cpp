// How long a thread stays awake for what may come at once.
#include <boost/test/unit_test.hpp>

#include "base/spin_then_park.hpp"

namespace spins_then_parks {

/// Goes on by a microsecond for each look at it, whatever else the machine does.
struct ticking {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<ticking, duration>;
  static time_point now() noexcept { return time_point{std::chrono::microseconds{++looks}}; }
  static inline std::int64_t looks = 0;
};
using spin_then_park = taskactor::detail::basic_spin_then_park<ticking>;

const auto no_task = [] { return std::size_t{0}; };

/// How often it has looked.
int looks(spin_then_park& wait) {
  int count = 0;
  BOOST_TEST(!wait.run([&] { return ++count, false; }, no_task));
  return count;
}

} // namespace spins_then_parks

BOOST_AUTO_TEST_SUITE(spins_then_parks)

BOOST_AUTO_TEST_CASE(what_is_there_is_taken_at_once_however_busy_it_is) {
  spin_then_park wait{1};
  BOOST_TEST(wait.run([] { return true; }, [] { return std::size_t{100}; }));
}

BOOST_AUTO_TEST_CASE(what_comes_soon_is_waited_for) {
  spin_then_park wait{2};
  for (int i = 0; i < 200; ++i) {
    int left = 40;
    BOOST_TEST(wait.run([&] { return --left == 0; }, no_task));
  }
}

BOOST_AUTO_TEST_CASE(nobody_stays_awake_where_all_processors_have_work) {
  spin_then_park alone{1}, two{2};
  BOOST_TEST(looks(alone) == 1);
  int count = 0;
  BOOST_TEST(!two.run([&] { return ++count, false; }, [] { return std::size_t{2}; }));
  BOOST_TEST(count == 1);
  std::size_t tasks = 0;
  count = 0;
  BOOST_TEST(
      !two.run([&] { return tasks = 2, ++count, false; }, [&] { return tasks; })); // they come meanwhile
  BOOST_TEST(count < 100);
}

BOOST_AUTO_TEST_CASE(what_is_in_vain_is_tried_less_and_less_often) {
  spin_then_park wait{2};
  int tried = 0;
  for (int i = 0; i < 640; ++i)
    tried += looks(wait) > 1 ? 1 : 0;
  BOOST_TEST(tried >= 10);
  BOOST_TEST(tried <= 20);
  while (!wait.run([count = 0]() mutable { return ++count == 2; }, no_task)) {
  }
  for (int i = 0; i < 10; ++i) // it pays again
    BOOST_TEST(wait.run([count = 0]() mutable { return ++count == 2; }, no_task));
}

BOOST_AUTO_TEST_SUITE_END()
