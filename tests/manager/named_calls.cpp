// Named tasks in a manager: by name, with JSON arguments, and the options that they were registered with.
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <taskactor/named_tasks.hpp>

#include <stdexcept>
#include <string>

using namespace test;

namespace named_calls {

ta::task<std::string> greet(std::string name, int seconds) {
  co_await ta::sleep_for(std::chrono::seconds{seconds});
  co_return "hello, " + name;
}
int halve(int n) {
  if (n % 2 != 0)
    throw std::domain_error{"odd"};
  return n / 2;
}
ta::task<int> scarce() {
  co_await ta::sleep_for(1min);
  co_return 1;
}
ta::task<void> third_time(int) {
  if (ta::this_task::attempt() < 3)
    throw std::runtime_error{"again"};
  co_return;
}

TASKACTOR_REGISTER_AS(greet, "greet", {.options = {.timeout = 10s, .priority = 2}, .defaults = {1}});
TASKACTOR_REGISTER(halve);
TASKACTOR_REGISTER_AS(scarce, "scarce", {.options = {.queue_timeout = 1s, .limits = {{"licence"}}}});
TASKACTOR_REGISTER_AS(third_time, "third time",
                      {.options = {.retry = ta::retry{.max_attempts = 3, .backoff = {.first = 1s}}}});

using ta::json;

} // namespace named_calls

BOOST_AUTO_TEST_SUITE(named_calls)

BOOST_AUTO_TEST_CASE(a_name_and_json_arguments_make_a_task_whose_result_is_json) {
  virtual_time world;
  BOOST_CHECK(ta::add_named(world.tasks, {}, "greet", json::array({"world"})).value().get()
              == json("hello, world"));
  BOOST_CHECK(ta::add_named(world.tasks, {}, "halve", {42}).value().get() == json(21));
  BOOST_CHECK(ta::add_named(world.tasks, {}, *ta::registry::global().find(halve), {4}).value().get()
              == json(2));
}

BOOST_AUTO_TEST_CASE(add_task_takes_a_name_as_well_as_a_function) {
  virtual_time world;
  const std::string name = "greet";
  BOOST_CHECK(world.tasks.add_task({}, "greet", {"a", 2}).value().get() == json("hello, a"));
  BOOST_CHECK(world.tasks.add_task({}, name, json::array({"b"})).value().get() == json("hello, b"));
  BOOST_CHECK(world.tasks.add_task({}, "halve", {8}).value().get() == json(4));
  BOOST_CHECK(world.tasks.add_task({}, halve, 8).value().get() == 4);
  const auto none = world.tasks.add_task({}, std::string_view{name});
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message
             == "greet: expected 1 to 2 arguments, (string, int = 1) -> string, got 0 arguments");
}

BOOST_AUTO_TEST_CASE(what_a_body_throws_is_the_failure_as_of_any_task) {
  virtual_time world;
  auto h = ta::add_named(world.tasks, {.id = "h"}, "halve", {3}).value();
  BOOST_CHECK_THROW(h.get(), std::domain_error);
  BOOST_TEST(world.tasks.find("h")->error == "failed: std::domain_error: odd");
}

BOOST_AUTO_TEST_CASE(options_that_are_unset_are_the_registered_ones) {
  virtual_time world;
  auto own = ta::add_named(world.tasks, {.id = "own"}, "greet", {"a", 60}).value();
  auto longer
      = ta::add_named(world.tasks, {.id = "longer", .timeout = 2min, .priority = 7}, "greet", {"b", 60})
            .value();
  BOOST_TEST(world.tasks.find("own")->priority == 2);
  BOOST_TEST(world.tasks.find("longer")->priority == 7);
  BOOST_CHECK(own.wait_outcome().state() == ta::state::timed_out);
  BOOST_CHECK(longer.get() == json("hello, b"));
}

BOOST_AUTO_TEST_CASE(limits_and_the_time_to_wait_for_them_are_registered_too) {
  virtual_time world;
  const auto refused = world.tasks.add_task({}, "scarce");
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == ta::errc::invalid_argument); // there is no such limiter
  world.tasks.add_limiter("licence", {.capacity = 1});
  auto first = world.tasks.add_task({}, "scarce").value();
  auto second = world.tasks.add_task({}, "scarce").value();
  auto patient = world.tasks.add_task({.queue_timeout = 10min}, "scarce").value();
  BOOST_CHECK(first.get() == json(1));
  BOOST_CHECK(second.wait_outcome().state() == ta::state::timed_out);
  BOOST_CHECK(patient.get() == json(1));
}

BOOST_AUTO_TEST_CASE(each_attempt_has_the_arguments) {
  virtual_time world;
  auto h = ta::add_named(world.tasks, {.id = "h"}, "third time", {1}).value();
  BOOST_CHECK(h.get().is_null());
  BOOST_TEST(world.tasks.find("h")->attempt == 3u);
}

BOOST_AUTO_TEST_CASE(unknown_names_and_wrong_arguments_are_refused_before_anything_is_admitted) {
  virtual_time world;
  const auto unknown = ta::add_named(world.tasks, {}, "halv", {1});
  BOOST_REQUIRE(!unknown);
  BOOST_CHECK(unknown.error().code == ta::errc::unknown_task);
  BOOST_TEST(unknown.error().message == "no task is named \"halv\"; did you mean \"halve\"?");
  const auto wrong = ta::add_named(world.tasks, {}, "halve", {"x"});
  BOOST_REQUIRE(!wrong);
  BOOST_CHECK(wrong.error().code == ta::errc::bad_arguments);
  BOOST_TEST(wrong.error().message
             == "halve: argument 1: expected an integer from -2147483648 to 2147483647, got \"x\"");
  BOOST_TEST(world.tasks.statistics().submitted == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
