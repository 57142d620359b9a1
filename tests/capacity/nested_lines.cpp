// Who of the tasks inside tasks is next: the deepest, and now and then the oldest.
#include <boost/test/unit_test.hpp>

#include "capacity/nested_line.hpp"

#include <taskactor/detail/body.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace ta = taskactor;
using ta::detail::record;
using ta::detail::ref;

namespace nested_lines {

/// Tasks by name; later ones are younger.
struct world {
  ref<record> add(const std::string& id, std::uint8_t depth) {
    ref<record> made = ta::detail::make_body([] {});
    made->id = id;
    made->depth = depth;
    made->sequence = ++sequence;
    line.push(made);
    return made;
  }
  std::string next() {
    const auto task = line.pop();
    return task ? task->id : "";
  }
  std::string next(int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += next();
    return all;
  }
  ta::detail::nested_line line;
  std::uint64_t sequence = 0;
};

} // namespace nested_lines

BOOST_AUTO_TEST_SUITE(nested_lines)

BOOST_AUTO_TEST_CASE(the_deepest_is_first_and_of_a_level_the_oldest) {
  world all;
  BOOST_TEST(all.line.empty());
  all.add("a", 1), all.add("b", 1), all.add("c", 3), all.add("d", 2), all.add("e", 3);
  BOOST_TEST(all.line.size() == 5U);
  BOOST_TEST(all.next(2) == "ce");
  all.add("f", 255);
  BOOST_TEST(all.next(4) == "fdab");
  BOOST_TEST(all.next() == "");
  BOOST_TEST(all.line.empty());
}

BOOST_AUTO_TEST_CASE(every_64th_is_the_oldest_so_that_a_deep_tree_keeps_nobody_out) {
  world all;
  all.add("x", 1), all.add("y", 1);
  std::string order;
  for (int i = 0; i < 128; ++i) { // the tree never runs dry
    all.add("t", 9);
    order += all.next();
  }
  const std::string deep(63, 't');
  BOOST_TEST(order == deep + 'x' + deep + 'y');
}

BOOST_AUTO_TEST_CASE(who_ends_while_it_waits_is_taken_out) {
  world all;
  const auto a = all.add("a", 1), b = all.add("b", 2), c = all.add("c", 2);
  BOOST_CHECK(all.line.remove(*b) == b);
  BOOST_CHECK(!all.line.remove(*b));
  BOOST_TEST(all.next() == "c");
  BOOST_CHECK(!all.line.remove(*c));
  ref<record> stranger = ta::detail::make_body([] {});
  stranger->depth = 200;
  BOOST_CHECK(!all.line.remove(*stranger));
  BOOST_TEST(all.next() == "a");
  BOOST_TEST(all.line.size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
