// The ids of children: several groups in a task, and numbers that are taken.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace test;

namespace child_ids {

std::vector<std::string> ids(virtual_time& world) {
  std::vector<std::string> result;
  for (const auto& each : world.tasks.task_status())
    result.push_back(each.id);
  return result;
}

ta::task<void> group_of(int children, std::chrono::nanoseconds pause) {
  auto all = [children, pause](ta::task_group& group) -> ta::task<void> {
    for (int i = 0; i < children; ++i)
      group.start(after, pause, i);
    co_return;
  };
  co_await ta::with_group(all);
}

} // namespace child_ids

BOOST_AUTO_TEST_SUITE(child_ids)

BOOST_AUTO_TEST_CASE(groups_beside_within_and_after_each_other_do_not_clash) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    co_await group_of(2, 1s);
    co_await group_of(2, 1s);
    auto outer = [](ta::task_group& group) -> ta::task<void> {
      group.start(after, 5s, 1);
      co_await group_of(2, 1s);
      const auto [one, two] = co_await ta::when_all(after(1s, 1), after(1s, 2));
      BOOST_TEST(one + two == 3);
      group.start(after, 1s, 1);
    };
    co_await ta::with_group(outer);
    co_return 1;
  };
  BOOST_TEST(world.tasks.add_task({.id = "p"}, body).value().get() == 1);
}

BOOST_AUTO_TEST_CASE(a_number_that_an_id_of_the_users_has_is_skipped) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    auto all = [](ta::task_group& group) -> ta::task<void> {
      BOOST_TEST(group.add_task({.id = "2"}, after, 1s, 1).value().id() == "p/2");
      BOOST_TEST(group.add_task({.id = "3"}, after, 1s, 1).value().id() == "p/3");
      BOOST_TEST(group.add_task({}, after, 1s, 1).value().id() == "p/4");
      BOOST_TEST(group.add_task({.id = "6"}, after, 1s, 1).value().id() == "p/6");
      for (const auto choice : {ta::on_duplicate::join, ta::on_duplicate::replace}) {
        auto next = group.add_task({.admission = {.on_duplicate = choice}}, after, 1s, 1);
        BOOST_TEST(next.value().id() == (choice == ta::on_duplicate::join ? "p/7" : "p/8"));
      }
      const auto again = group.add_task({.id = "2"}, after, 1s, 1);
      BOOST_CHECK(again.error().code == ta::errc::duplicate_id);
      co_return;
    };
    co_await ta::with_group(all);
  };
  world.tasks.add_task({.id = "p"}, body).value().get();
  BOOST_TEST(world.tasks.statistics().rejected == 1u); // what was only made anew wasn't refused
}

BOOST_AUTO_TEST_CASE(an_id_can_be_used_again_in_a_group_when_its_task_has_ended) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    auto all = [](ta::task_group& group) -> ta::task<int> {
      int sum = 0;
      for (int i = 0; i < 3; ++i) {
        auto child = group.add_task({.id = "again"}, after, 1s, i).value();
        sum += co_await child;
      }
      co_return sum;
    };
    const int sum = co_await ta::with_group(all);
    co_return sum;
  };
  BOOST_TEST(world.tasks.add_task({.id = "p"}, body).value().get() == 3);
}

BOOST_AUTO_TEST_CASE(the_children_of_items_are_numbered_below_the_item) {
  virtual_time world;
  auto body = [](int) -> ta::task<void> { co_await group_of(2, 1s); };
  auto parent = [body]() -> ta::task<void> {
    const std::vector<int> items(3);
    co_await ta::gather({.id = "g", .concurrency = 1}, body, items);
  };
  (void)world.tasks.add_task({.id = "p"}, parent);
  world.settle();
  BOOST_TEST(ids(world) == (std::vector<std::string>{"p", "p/g/0", "p/g/0/1", "p/g/0/2"}),
             boost::test_tools::per_element());
  world.advance(1s);
  BOOST_TEST(ids(world) == (std::vector<std::string>{"p", "p/g/1", "p/g/1/1", "p/g/1/2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
