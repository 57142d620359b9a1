// A count that threads raise in stripes of their own.
#include <boost/test/unit_test.hpp>

#include "base/striped_count.hpp"

#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(striped_counts)

BOOST_AUTO_TEST_CASE(nothing_is_lost_with_more_threads_than_stripes) {
  constexpr std::uint64_t threads = 20, each = 5'000;
  taskactor::detail::striped_count count;
  {
    std::vector<std::jthread> raising;
    for (std::uint64_t i = 0; i < threads; ++i)
      raising.emplace_back([&] {
        for (std::uint64_t step = 0; step < each; ++step)
          count.raise();
      });
  }
  BOOST_TEST(count.read() == threads * each);
}

BOOST_AUTO_TEST_SUITE_END()
