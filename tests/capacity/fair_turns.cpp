// Who has the next token of the manager's capacity: of four turns one is of those at top level, by their
// shares and priorities, however many tasks inside of tasks wait.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <ranges>
#include <string>
#include <vector>

using namespace test;

namespace fair_turns {

/// A gather without an end, whose items each take their turn.
ta::task<void> bulk(std::string* order, std::size_t concurrency) {
  auto item = [order](int) -> ta::task<void> {
    *order += '.';
    co_await ta::sleep_for(1ms);
  };
  (void)co_await ta::gather({.concurrency = concurrency}, item, std::views::iota(0, 100'000));
}

/// The same by a tree of tasks, each of which waits for its children.
ta::task<void> tree(std::string* order, int depth) {
  *order += '.';
  co_await ta::sleep_for(1ms);
  if (depth == 0)
    co_return;
  const std::vector below(2, depth - 1);
  auto child = [order](int left) { return tree(order, left); };
  (void)co_await ta::gather({}, child, below);
}

struct begun {
  std::string* order;
  ta::task<void> operator()(char name) const {
    *order += name;
    co_await ta::sleep_for(1ms);
  }
};

/// The most turns of others between two of those at top level, of which there are `many`.
std::size_t longest_wait(const std::string& order, std::size_t many) {
  std::size_t longest = 0, now = 0, seen = 0;
  for (const char each : order) {
    if (seen == many)
      break;
    now = each == '.' ? now + 1 : 0;
    seen += each == '.' ? 0 : 1;
    longest = std::max(longest, now);
  }
  return longest;
}

std::string names_in(std::string order) {
  std::erase(order, '.');
  return order;
}

/// Adds so many at top level, and waits for all. Returns in which order tasks have begun meanwhile.
std::string begins_beside(virtual_time& world, std::string& order, int count) {
  world.advance(10ms);
  order.clear();
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < count; ++i)
    handles.push_back(world.tasks.add_task({}, begun{&order}, 'a').value());
  for (const auto& each : handles)
    each.wait();
  return order;
}

} // namespace fair_turns

BOOST_AUTO_TEST_SUITE(fair_turns)

BOOST_AUTO_TEST_CASE(a_gather_that_goes_on_and_on_keeps_nobody_out) {
  for (const std::size_t capacity : {1, 2, 5}) {
    virtual_time world{{.capacity = capacity}};
    std::string order;
    (void)world.tasks.add_task({}, bulk, &order, 2 * capacity);
    const auto seen = begins_beside(world, order, 40);
    BOOST_TEST(longest_wait(seen, 40) <= 3 + capacity, seen);
    BOOST_TEST(std::count(seen.begin(), seen.end(), '.') >= 3 * 40 - 8, seen); // and the gather has the rest
    world.tasks.cancel_all();
  }
}

BOOST_AUTO_TEST_CASE(nor_does_a_tree_of_tasks_that_wait_for_their_children) {
  virtual_time world{{.capacity = 2}};
  std::string order;
  auto whole = world.tasks.add_task({}, tree, &order, 10).value();
  const auto seen = begins_beside(world, order, 40);
  BOOST_TEST(longest_wait(seen, 40) <= 5u, seen);
  whole.get();
}

BOOST_AUTO_TEST_CASE(among_those_at_top_level_priorities_and_shares_count_meanwhile) {
  virtual_time world{{.capacity = 1}};
  std::string order;
  (void)world.tasks.add_task({}, bulk, &order, 4u);
  world.advance(10ms);
  order.clear();
  const begun body{&order};
  for (int i = 0; i < 3; ++i) {
    (void)world.tasks.add_task({.priority = 9}, body, 'l');
    (void)world.tasks.add_task({.priority = 0}, body, 'h');
    (void)world.tasks.add_task({.fairness_key = "tenant"}, body, 't');
  }
  world.run_until([&] { return names_in(order).size() == 9; });
  BOOST_TEST(longest_wait(order, 9) <= 4u, order);
  // The shares take turns, and in that of those without a name the priority decides.
  auto first = names_in(order).substr(0, 6);
  BOOST_TEST(names_in(order).substr(6) == "lll", order);
  BOOST_TEST((first == "hththt" || first == "ththth"), order);
  world.tasks.cancel_all();
}

BOOST_AUTO_TEST_CASE(in_any_mix_everybody_is_served_within_four_turns_for_each_before_it) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    const std::size_t capacity = 1 + random() % 4;
    virtual_time world{{.capacity = capacity}};
    std::string order;
    (void)world.tasks.add_task({}, bulk, &order, 1 + random() % 8);
    (void)world.tasks.add_task({}, tree, &order, 8);
    world.advance(20ms);
    const int many = 10 + static_cast<int>(random() % 20);
    std::vector<ta::handle<void>> handles;
    order.clear();
    for (int i = 0; i < many; ++i) {
      const int priority = static_cast<int>(random() % 10);
      const std::string share
          = random() % 2 == 0 ? "" : std::string(1, static_cast<char>('a' + random() % 3));
      handles.push_back(
          world.tasks.add_task({.priority = priority, .fairness_key = share}, begun{&order}, 'a').value());
    }
    for (const auto& each : handles)
      each.wait();
    BOOST_TEST(order.size() <= 4 * static_cast<std::size_t>(many) + 4 * capacity + 4, seed << ": " << order);
    world.tasks.cancel_all();
  }
}

BOOST_AUTO_TEST_CASE(who_comes_first_after_a_pause_does_not_wait_for_four_others) {
  virtual_time world{{.capacity = 1}};
  std::string order;
  (void)world.tasks.add_task({}, bulk, &order, 4u);
  for (int i = 0; i < 5; ++i) {
    world.advance(20ms);
    order.clear();
    world.tasks.add_task({}, begun{&order}, 'a').value().wait();
    BOOST_TEST(longest_wait(order, 1) <= 2u, order);
  }
  world.tasks.cancel_all();
}

BOOST_AUTO_TEST_SUITE_END()
