// Times at their limits: whatever is given, what is computed with it is the nearest that there is, and never
// wraps around.
#include <taskactor/backoff.hpp>
#include <taskactor/time_span.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <type_traits>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using taskactor::time_span;

namespace time_spans {

constexpr auto largest = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

__extension__ using wide = __int128; // exact, to compare with

nanoseconds nearest(wide value) {
  return nanoseconds{value > largest ? largest : value < least ? least : static_cast<std::int64_t>(value)};
}

/// Mostly near a limit, of the type or of a power of two.
std::int64_t some_number(std::mt19937_64& random) {
  const auto bits = random() % 64;
  const auto value = static_cast<std::int64_t>(bits == 0 ? 0 : random() >> bits);
  switch (random() % 6) {
  case 0:
    return largest - value % 3;
  case 1:
    return least + value % 3;
  case 2:
    return -value;
  default:
    return value;
  }
}

template <class Duration>
void try_unit(std::mt19937_64& random, wide nanoseconds_each) {
  for (int i = 0; i < 2000; ++i) {
    const auto count = static_cast<typename Duration::rep>(some_number(random));
    BOOST_REQUIRE(time_span{Duration{count}} == nearest(wide{count} * nanoseconds_each));
  }
}

} // namespace time_spans

BOOST_AUTO_TEST_SUITE(time_spans)

BOOST_AUTO_TEST_CASE(every_duration_becomes_the_nearest_that_there_is) {
  std::mt19937_64 random{1};
  try_unit<nanoseconds>(random, 1);
  try_unit<std::chrono::microseconds>(random, 1'000);
  try_unit<std::chrono::milliseconds>(random, 1'000'000);
  try_unit<std::chrono::seconds>(random, 1'000'000'000);
  try_unit<std::chrono::minutes>(random, 60'000'000'000);
  try_unit<std::chrono::hours>(random, 3'600'000'000'000);
  try_unit<std::chrono::years>(random, 31'556'952'000'000'000);
  try_unit<std::chrono::duration<int>>(random, 1'000'000'000);
  try_unit<std::chrono::duration<std::uint64_t>>(random, 1'000'000'000);
  BOOST_CHECK(time_span{std::chrono::duration<std::uint64_t>::max()} == nanoseconds::max());
  BOOST_CHECK(time_span{} == 0s);
}

BOOST_AUTO_TEST_CASE(it_is_given_and_read_as_a_duration) {
  std::optional<time_span> field = 3s;
  BOOST_CHECK(field == 3s && *field + 1s == 4s && field->count() == 3'000'000'000);
  field = std::chrono::seconds::max();
  BOOST_CHECK(*field == taskactor::no_timeout);
  const nanoseconds read = *field;
  BOOST_CHECK(read == nanoseconds::max());
  static_assert(!std::is_convertible_v<std::chrono::duration<double>, time_span>, "as chrono: not silently");
  static_assert(!std::is_convertible_v<int, time_span>);
}

BOOST_AUTO_TEST_CASE(sums_products_and_differences_end_at_the_limits) {
  std::mt19937_64 random{2};
  using time_point = std::chrono::steady_clock::time_point;
  for (int i = 0; i < 20000; ++i) {
    const auto a = some_number(random), b = some_number(random);
    const auto count = static_cast<std::uint64_t>(some_number(random));
    BOOST_REQUIRE(taskactor::detail::plus(nanoseconds{a}, nanoseconds{b}) == nearest(wide{a} + b));
    BOOST_REQUIRE(taskactor::detail::after(time_point{nanoseconds{a}}, nanoseconds{b}).time_since_epoch()
                  == nearest(wide{a} + b));
    BOOST_REQUIRE(taskactor::detail::between(time_point{nanoseconds{a}}, time_point{nanoseconds{b}})
                  == nearest(wide{b} - a));
    if (a >= 0)
      BOOST_REQUIRE(taskactor::detail::times(nanoseconds{a}, count >> 1) == nearest(wide{a} * (count >> 1)));
  }
  BOOST_CHECK(taskactor::detail::times(1ns, std::numeric_limits<std::uint64_t>::max()) == nanoseconds::max());
  BOOST_CHECK(taskactor::detail::times(0ns, std::numeric_limits<std::uint64_t>::max()) == 0ns);
}

BOOST_AUTO_TEST_CASE(no_wait_before_an_attempt_is_shorter_than_the_one_before) {
  std::mt19937_64 random{3};
  for (int i = 0; i < 500; ++i) {
    const auto positive = [&] { return nanoseconds{some_number(random) & largest}; };
    const taskactor::backoff how{
        .first = positive(), .factor = 1 + static_cast<double>(random() % 1000), .max = positive()};
    auto before = 0ns;
    for (const std::size_t failed : {1ul, 2ul, 3ul, 10ul, 1000ul, std::numeric_limits<std::size_t>::max()}) {
      const auto wait = how.wait_after(failed);
      BOOST_REQUIRE(wait >= before);
      BOOST_REQUIRE(wait <= how.max);
      before = wait;
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
