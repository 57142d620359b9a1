// submit_all: one call for each node that is up, under ids that say which.
#include <taskactor/node/node.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <support/temporary_directory.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace broadcasts {

/// Where it runs a call's id begins with its caller's name, and has its id there in it.
std::string where() { return ta::this_task::id(); }
int half(int number) {
  if (number % 2 != 0)
    throw std::invalid_argument{"odd"};
  return number / 2;
}
ta::task<void> hour() { co_await ta::sleep_for(1h); }
TASKACTOR_REGISTER_AS(where, "broadcasts.where");
TASKACTOR_REGISTER_AS(half, "broadcasts.half");

/// None is suspect or lost because this machine is slow.
ta::node_options named(const std::string& name) {
  return {.name = name, .heartbeat = 5s, .lease = 1min, .drain = 1s};
}

struct star {
  test::temporary_directory folder;
  ta::task_manager here_tasks{{.capacity = 8}};
  std::vector<std::unique_ptr<ta::task_manager>> managers;
  std::vector<std::unique_ptr<ta::node>> nodes;
  ta::node here{here_tasks, named("here")};

  explicit star(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      managers.push_back(std::make_unique<ta::task_manager>(ta::manager_options{.capacity = 4}));
      nodes.push_back(std::make_unique<ta::node>(*managers.back(), named(name)));
      here.join(nodes.back()->listen("unix:" + (folder / name)));
    }
    BOOST_REQUIRE(here.wait_for_peers(names.size(), 20s));
  }
};

} // namespace broadcasts

BOOST_AUTO_TEST_SUITE(broadcasts)

BOOST_AUTO_TEST_CASE(each_node_that_is_up_is_called_once) {
  star all{{"a", "b", "c"}};
  auto asked = all.here.submit_all({.id = "x"}, where);
  BOOST_REQUIRE(asked.size() == 3U);
  for (auto& [name, handle] : asked) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(handle.value().id() == "x@" + name);
      BOOST_TEST(handle.value().get().find("here:x@" + name + ':') == 0U);
    }
  }
  for (const auto& node : all.nodes)
    BOOST_TEST(node->statistics().taken == 1U);
  auto numbers = all.here.submit_all({}, half, 21);
  BOOST_REQUIRE(numbers.size() == 3U);
  for (auto& [name, handle] : numbers)
    BOOST_TEST(handle.value().wait_outcome().error().message().find("odd") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_that_has_gone_is_left_out_and_one_id_that_is_taken_refuses_no_other) {
  star all{{"a", "b"}};
  const auto taken = all.here_tasks.add_task({.id = "x@a"}, hour).value();
  auto second = all.here.submit_all({.id = "x"}, half, 4);
  BOOST_REQUIRE(second.size() == 2U);
  for (auto& [name, handle] : second) {
    BOOST_TEST(handle.has_value() == (name == "b"));
    if (handle)
      BOOST_TEST(handle.value().get() == 2);
    else
      BOOST_CHECK(handle.error().code == ta::errc::duplicate_id);
  }
  all.nodes.pop_back();
  all.managers.pop_back();
  while (all.here.submit_all({}, half, 4).size() != 1)
    std::this_thread::yield();
  auto last = all.here.submit_all({}, half, 6);
  BOOST_TEST(last.front().first == "a");
  BOOST_TEST(last.front().second.value().get() == 3);
  taken.cancel(); // its manager would wait for it
}

BOOST_AUTO_TEST_CASE(nobody_is_nobody) {
  ta::task_manager tasks;
  ta::node alone{tasks, {.name = "alone"}};
  BOOST_TEST(alone.submit_all({}, half, 4).empty());
}

BOOST_AUTO_TEST_SUITE_END()
