// The defaults of rule 5, the environment, and what is refused.
#include "lifecycle/settings.hpp"
#include "support/environment_variable.hpp"

#include <boost/test/unit_test.hpp>
#include <taskactor/task_manager.hpp>

using namespace std::chrono_literals;

namespace environment {
using namespace taskactor;
using namespace taskactor::detail;
} // namespace environment

BOOST_AUTO_TEST_SUITE(environment)

namespace {

std::string refusal() {
  try {
    resolve({}, 2);
  } catch (const std::system_error& error) {
    return error.code() == errc::invalid_argument ? error.what() : "wrong code";
  }
  return "accepted";
}

} // namespace

BOOST_AUTO_TEST_CASE(the_defaults_follow_the_number_of_processors) {
  struct row {
    std::size_t processors, capacity, thread, process;
  };
  for (const auto& [processors, capacity, thread, process] :
       {row{1, 32, 21, 1}, row{2, 32, 21, 2}, row{16, 64, 42, 8}, row{64, 256, 128, 8},
        row{500, 256, 128, 8}}) {
    const auto s = resolve({}, processors);
    BOOST_TEST(s.capacity == capacity);
    BOOST_TEST(s.thread_capacity == thread);
    BOOST_TEST(s.process_capacity == process);
    BOOST_TEST(s.max_queue == 10'000u);
    BOOST_CHECK(s.default_timeout == 180s);
  }
}

BOOST_AUTO_TEST_CASE(the_environment_sets_what_the_program_leaves_open) {
  const test::environment_variable a{"TASKACTOR_CAPACITY", "7"}, b{"TASKACTOR_THREAD_CAPACITY", "3"},
      c{"TASKACTOR_PROCESS_CAPACITY", "1"}, d{"TASKACTOR_MAX_QUEUE", "99"},
      e{"TASKACTOR_DEFAULT_TIMEOUT", "2.5"}, f{"TASKACTOR_LOG", "warn"};
  auto s = resolve({}, 2);
  BOOST_CHECK(s.log_level == log_level::warn);
  BOOST_CHECK(resolve({.log_level = log_level::off}, 2).log_level == log_level::off);
  BOOST_TEST(s.capacity == 7u);
  BOOST_TEST(s.thread_capacity == 3u);
  BOOST_TEST(s.process_capacity == 1u);
  BOOST_TEST(s.max_queue == 99u);
  BOOST_CHECK(s.default_timeout == 2500ms);
  s = resolve({.capacity = 5, .default_timeout = 1s}, 2);
  BOOST_TEST(s.capacity == 5u);
  BOOST_CHECK(s.default_timeout == 1s);
}

BOOST_AUTO_TEST_CASE(no_default_timeout_can_be_asked_for) {
  const test::environment_variable e{"TASKACTOR_DEFAULT_TIMEOUT", "none"};
  BOOST_CHECK(resolve({}, 2).default_timeout == no_timeout);
}

BOOST_AUTO_TEST_CASE(a_malformed_variable_is_an_error_that_names_it) {
  for (const char* name : {"TASKACTOR_CAPACITY", "TASKACTOR_THREAD_CAPACITY", "TASKACTOR_PROCESS_CAPACITY",
                           "TASKACTOR_MAX_QUEUE", "TASKACTOR_DEFAULT_TIMEOUT", "TASKACTOR_LOG"})
    for (const char* value : {"many", "-1", "3x", "99999999999999999999999", " 4"}) {
      const test::environment_variable bad{name, value};
      BOOST_TEST(refusal().starts_with(std::string{name} + ": \"" + value + '"'));
    }
  const test::environment_variable empty{"TASKACTOR_CAPACITY", ""};
  BOOST_TEST(refusal() == "accepted");
}

BOOST_AUTO_TEST_CASE(a_bad_field_is_an_error_that_names_it) {
  BOOST_CHECK_EXCEPTION(resolve({.cancel_grace = -1s}, 2), std::system_error,
                        [](const std::system_error& error) {
                          return std::string{error.what()}.starts_with("cancel_grace: -1 s is negative");
                        });
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused_before_anything_is_made_for_them) {
  BOOST_CHECK_EXCEPTION( // what threads there are couldn't be counted out
      (taskactor::task_manager{{.cancel_grace = -1s, .scheduler_threads = 10'000'000}}), std::system_error,
      [](const auto& error) { return error.code() == errc::invalid_argument; });
}

BOOST_AUTO_TEST_SUITE_END()
