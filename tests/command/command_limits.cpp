#include "fixture.hpp"

#include "support/soft_limit.hpp"

#include <algorithm>

using namespace process_test;

namespace command_limits {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// dd takes the memory for its block at once.
command_line taking(std::size_t bytes) {
  return {"dd", "if=/dev/zero", "of=/dev/null", "count=1", "bs=" + std::to_string(bytes)};
}

std::string kibibytes(std::size_t bytes) { return std::to_string(bytes / 1024) + '\n'; }

} // namespace command_limits

BOOST_FIXTURE_TEST_SUITE(command_limits, server_fixture)

BOOST_AUTO_TEST_CASE(a_program_is_refused_memory_beyond_its_limit_and_ends_as_it_takes_that) {
  BOOST_TEST(run(taking(200 * mebibyte)).success());
  const auto result = run(taking(200 * mebibyte), {.memory_limit = 100 * mebibyte});
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(result.err.find("memory exhausted") != result.err.npos);
  BOOST_TEST(run(taking(50 * mebibyte), {.memory_limit = 100 * mebibyte}).success());
}

BOOST_AUTO_TEST_CASE(the_limit_on_memory_is_for_each_process_of_the_command_and_a_hard_one) {
  BOOST_TEST(run_shell("sh -c 'ulimit -d; ulimit -Hd'", {.memory_limit = 100 * mebibyte}).out
             == kibibytes(100 * mebibyte) + kibibytes(100 * mebibyte));
}

BOOST_AUTO_TEST_CASE(a_limit_on_memory_that_is_lower_already_stays) {
  const test::soft_limit here{RLIMIT_DATA, rlim_t{1} << 60};
  BOOST_TEST(run_shell("ulimit -d", {.memory_limit = std::size_t{1} << 61}).out
             == kibibytes(std::size_t{1} << 60));
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_even_be_loaded_has_an_end_as_any_other) {
  const auto result = run({"dd", "count=0"}, {.memory_limit = 4096});
  BOOST_TEST(!result.success());
  BOOST_TEST((result.term_signal != 0 || result.exit_code > 0));
}

BOOST_AUTO_TEST_CASE(niceness_is_added_to_the_programs_own_up_to_the_end_of_the_scale) {
  const int own = ::getpriority(PRIO_PROCESS, 0);
  const auto told = [&](int niceness) { return run({"nice"}, {.niceness = niceness}).out; };
  BOOST_TEST(told(0) == std::to_string(own) + '\n');
  BOOST_TEST(told(5) == std::to_string(std::min(own + 5, 19)) + '\n');
  BOOST_TEST(told(19) == std::to_string(std::min(own + 19, 19)) + '\n');
}

BOOST_AUTO_TEST_SUITE_END()
