#include "command/launch_plan.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

namespace launch_plan {

using namespace taskactor;
using namespace taskactor::detail;

using strings = std::vector<std::string>;
using variables = std::vector<std::pair<std::string, std::string>>;

std::string refusal(const command_line& command, const command_options& options = {}) {
  try {
    plan_launch(command, options);
  } catch (const start_error& error) {
    BOOST_TEST((error.code() == errc::invalid_argument));
    return error.what();
  }
  return "";
}

bool starts_with(const std::string& text, const std::string& beginning) {
  return text.rfind(beginning, 0) == 0;
}

} // namespace launch_plan

BOOST_AUTO_TEST_SUITE(launch_plan)

BOOST_AUTO_TEST_CASE(a_name_with_a_slash_is_a_path) {
  BOOST_TEST((candidate_paths("bin/tool", "/usr/bin") == strings{"bin/tool"}));
  BOOST_TEST((candidate_paths("/bin/tool", "/usr/bin") == strings{"/bin/tool"}));
}

BOOST_AUTO_TEST_CASE(a_plain_name_is_looked_for_in_each_directory_of_the_path) {
  BOOST_TEST((candidate_paths("tool", "/a:/b/c") == strings{"/a/tool", "/b/c/tool"}));
}

BOOST_AUTO_TEST_CASE(an_empty_directory_in_the_path_is_the_working_directory) {
  BOOST_TEST((candidate_paths("tool", ":/a::") == strings{"tool", "/a/tool", "tool", "tool"}));
  BOOST_TEST((candidate_paths("tool", "") == strings{"tool"}));
}

BOOST_AUTO_TEST_CASE(variables_are_added_to_the_inherited_ones_and_override_them) {
  const char* inherited[] = {"HOME=/root", "LANG=C", "LANGUAGE=en", nullptr};
  BOOST_TEST((make_environment({.env = variables{{"LANG", "de"}, {"NEW", ""}}}, inherited)
              == strings{"HOME=/root", "LANGUAGE=en", "LANG=de", "NEW="}));
}

BOOST_AUTO_TEST_CASE(the_last_value_of_a_variable_wins) {
  BOOST_TEST((make_environment({.env = variables{{"A", "1"}, {"A", "2"}}, .clear_env = true}, nullptr)
              == strings{"A=2"}));
}

BOOST_AUTO_TEST_CASE(a_cleared_environment_has_only_what_is_given) {
  const char* inherited[] = {"HOME=/root", nullptr};
  BOOST_TEST(
      (make_environment({.env = variables{{"A", "1"}}, .clear_env = true}, inherited) == strings{"A=1"}));
}

BOOST_AUTO_TEST_CASE(the_path_is_the_one_that_the_command_will_have) {
  const auto with = plan_launch({"tool"}, {.env = variables{{"PATH", "/mine"}}});
  BOOST_TEST(std::count(with.candidates.begin(), with.candidates.end(), "/mine/tool") == 1);
  const auto without = plan_launch({"tool"}, {.clear_env = true});
  BOOST_TEST(std::count(without.candidates.begin(), without.candidates.end(), "/usr/bin/tool") == 1);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_handed_over_is_refused_by_the_name_of_its_field) {
  using namespace std::string_literals;
  BOOST_TEST(starts_with(refusal({}), "command: "));
  BOOST_TEST(starts_with(refusal({"a", "b\0c"s}), "command: argument 1 "));
  BOOST_TEST(starts_with(refusal({"a"}, {.env = variables{{"", "x"}}}), "env: ''"));
  BOOST_TEST(starts_with(refusal({"a"}, {.env = variables{{"A=B", "x"}}}), "env: 'A=B'"));
  BOOST_TEST(starts_with(refusal({"a"}, {.env = variables{{"A", "x\0"s}}}), "env: the value of 'A'"));
  BOOST_TEST(starts_with(refusal({"a"}, {.cwd = "\0"s}), "cwd: "));
  BOOST_TEST(starts_with(refusal({"a"}, {.line_limit = 0}), "line_limit: "));
  const auto ignore = [](output_stream, std::string_view) {};
  BOOST_TEST(starts_with(refusal({"a"}, {.on_output = ignore, .on_line = ignore}), "on_output: "));
  BOOST_TEST(starts_with(refusal({"a"}, {.memory_limit = 0}), "memory_limit: "));
  BOOST_TEST(starts_with(refusal({"a"}, {.niceness = -1}), "niceness: -1 "));
  BOOST_TEST(starts_with(refusal({"a"}, {.niceness = 20}), "niceness: 20 "));
}

BOOST_AUTO_TEST_CASE(a_shortage_is_told_from_a_program_that_is_not_there) {
  const auto plan = plan_launch({"tool"}, {});
  const auto code = [&](int error) { return explain(plan, {start_stage::execute, error}).code(); };
  BOOST_TEST((code(ENOENT) == errc::command_not_found));
  BOOST_TEST((code(EACCES) == errc::command_not_executable));
  BOOST_TEST((code(ENOMEM) == errc::command_not_started));
  BOOST_TEST((code(E2BIG) == errc::invalid_argument));
  for (const int error : {EAGAIN, ENOMEM, EMFILE, ENFILE})
    BOOST_TEST(explain(plan, {start_stage::execute, error}).is_shortage());
  for (const int error : {ENOENT, EACCES, E2BIG, ENOEXEC})
    BOOST_TEST(!explain(plan, {start_stage::execute, error}).is_shortage());
  const auto with_limit = plan_launch({"tool"}, {.memory_limit = 1 << 20});
  BOOST_TEST(!explain(with_limit, {start_stage::execute, ENOMEM}).is_shortage()); // it is its own
  BOOST_TEST((explain(plan, {start_stage::interpreter, ENOENT}).code() == errc::command_not_executable));
  for (const auto& [stage, field] :
       {std::pair{start_stage::memory, "memory_limit: "}, std::pair{start_stage::niceness, "niceness: "}}) {
    const auto refused = explain(plan, {stage, ENOSYS}); // a sandbox may do that
    BOOST_TEST((refused.code() == errc::command_not_started));
    BOOST_TEST(starts_with(refused.what(), field));
  }
}

BOOST_AUTO_TEST_SUITE_END()
