// What users make as deep as they like doesn't overflow a stack, nor take time by the square of it.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

using namespace test;

namespace depths {

constexpr int many = 5'000; // the standard library destroys such a chain by recursion

/// An exception in an exception, and so on.
std::exception_ptr chain(int depth) {
  auto all = std::make_exception_ptr(std::runtime_error{"0"});
  for (int i = 1; i < depth; ++i) {
    try {
      std::rethrow_exception(std::exchange(all, nullptr));
    } catch (...) {
      try {
        std::throw_with_nested(std::runtime_error{std::to_string(i)});
      } catch (...) {
        all = std::current_exception();
      }
    }
  }
  return all;
}

ta::task<void> throwing(std::exception_ptr* what) {
  std::rethrow_exception(std::exchange(*what, nullptr));
  co_return;
}

} // namespace depths

BOOST_AUTO_TEST_SUITE(depths)

BOOST_AUTO_TEST_CASE(a_long_chain_of_nested_exceptions_is_described) {
  virtual_time world;
  auto what = chain(many);
  auto h = world.tasks.add_task({}, throwing, &what).value();
  h.wait();
  const auto text = h.try_outcome()->error().message();
  BOOST_TEST(text.starts_with("failed: std::"));
  BOOST_TEST(text.ends_with(": 1 <- std::runtime_error: 0"));
  BOOST_TEST(std::count(text.begin(), text.end(), '-') == many - 1);
}

BOOST_AUTO_TEST_CASE(a_nested_exception_without_one_in_it_is_described) {
  std::exception_ptr what;
  try {
    std::throw_with_nested(std::runtime_error{"alone"}); // outside of a handler
  } catch (...) {
    what = std::current_exception();
  }
  BOOST_TEST(ta::describe(what).ends_with(": alone"));
  virtual_time world;
  auto body = []() -> ta::task<void> {
    std::throw_with_nested(std::runtime_error{"alone"});
    co_return;
  };
  auto h = world.tasks.add_task({}, body).value();
  BOOST_CHECK_THROW(h.get(), std::runtime_error);
  struct no_std_exception {};
  auto plain = [] { std::throw_with_nested(no_std_exception{}); };
  BOOST_CHECK_THROW(world.tasks.add_task({}, plain).value().get(), no_std_exception);
}

BOOST_AUTO_TEST_CASE(many_that_replace_each_other_in_a_row_end) {
  virtual_time world{{.max_queue = 1'000'000}};
  auto first = world.tasks.add_task({.id = "a"}, after, 1s, -1).value();
  world.settle();
  std::vector<ta::handle<int>> last;
  for (int i = 0; i < 200'000; ++i) {
    last.clear();
    last.push_back(
        world.tasks
            .add_task({.id = "a", .admission = {.on_duplicate = ta::on_duplicate::replace}}, after, 1ms, i)
            .value());
    if (i % 50'000 == 0)
      world.settle();
  }
  BOOST_TEST(last.front().get() == 199'999);
}

BOOST_AUTO_TEST_SUITE_END()
