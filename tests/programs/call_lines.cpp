// The command line of a program of named tasks, as `list` and `call` read it.
#include "programs/call_line.hpp"
#include "programs/verbs.hpp"

#include <boost/test/unit_test.hpp>
#include <taskactor/duration.hpp>
#include <taskactor/named_program.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace call_lines {

using namespace taskactor;

using words = std::vector<std::string>;

detail::call_line parsed(const char* verb, const words& given) {
  return detail::parse_call_line(*detail::find_verb(verb), given);
}

template <class F>
std::string error_of(F call) {
  try {
    call();
  } catch (const detail::usage_error& error) {
    return error.what();
  }
  return "none";
}

std::string refused(const char* verb, const words& given) {
  return error_of([&] { (void)parsed(verb, given); });
}

} // namespace call_lines

BOOST_AUTO_TEST_SUITE(call_lines)

BOOST_AUTO_TEST_CASE(options_come_before_the_name_and_arguments_behind_it) {
  const auto line = parsed("call", {"--timeout", "1.5s", "--load=a.so", "--load", "b.so", "--where=process",
                                    "add", "-1", "--help", "--"});
  BOOST_CHECK(line.timeout == 1500ms);
  BOOST_CHECK(line.where == run_where::process);
  BOOST_TEST(line.libraries == (words{"a.so", "b.so"}), boost::test_tools::per_element());
  BOOST_TEST(line.name == "add");
  BOOST_TEST(line.arguments == (words{"-1", "--help", "--"}), boost::test_tools::per_element());
  BOOST_TEST(!line.help);
}

BOOST_AUTO_TEST_CASE(what_is_not_given_is_unset) {
  const auto line = parsed("call", {"add"});
  BOOST_TEST(!line.timeout);
  BOOST_TEST(!line.where);
  BOOST_TEST(line.libraries.empty());
  BOOST_TEST(line.arguments.empty());
}

BOOST_AUTO_TEST_CASE(two_dashes_end_the_options) {
  const auto line = parsed("call", {"--", "--json", "1"});
  BOOST_TEST(line.name == "--json");
  BOOST_TEST(line.arguments == words{"1"}, boost::test_tools::per_element());
  BOOST_TEST(parsed("call", {"-"}).name == "-");
}

BOOST_AUTO_TEST_CASE(a_timeout_may_be_none_and_where_has_three_names) {
  BOOST_CHECK(parsed("call", {"--timeout", "none", "f"}).timeout == no_timeout);
  BOOST_CHECK(parsed("call", {"--timeout=0", "f"}).timeout == 0s);
  BOOST_CHECK(parsed("call", {"--where", "actor", "f"}).where == run_where::task);
  BOOST_CHECK(parsed("call", {"--where", "thread", "f"}).where == run_where::thread);
}

BOOST_AUTO_TEST_CASE(help_asks_for_nothing_else) {
  BOOST_TEST(parsed("call", {"-h"}).help);
  BOOST_TEST(parsed("list", {"--json", "--help"}).help);
}

BOOST_AUTO_TEST_CASE(each_verb_has_the_options_of_its_table) {
  for (const auto& verb : named_verbs())
    for (const auto& option : verb.options) {
      words given{std::string{option.name}};
      if (!option.value.empty())
        given.emplace_back(option.name == "--timeout" ? "1" : option.name == "--where" ? "thread" : "x");
      if (!verb.arguments.empty())
        given.emplace_back("name");
      BOOST_TEST(refused(verb.name.data(), given) == "none", option.name);
    }
  BOOST_TEST(refused("list", {"--timeout", "1"}) == "no option --timeout: there are --json, --load, --help");
  BOOST_TEST(refused("call", {"--json", "f"})
             == "no option --json: there are --timeout, --where, --load, --help");
}

BOOST_AUTO_TEST_CASE(a_word_that_is_wrong_is_named) {
  BOOST_TEST(refused("call", {}) == "the name of a task is missing");
  BOOST_TEST(refused("call", {"--load"}) == "--load: its FILE is missing");
  BOOST_TEST(
      refused("call", {"--timeout", "-1", "f"}).starts_with("--timeout: \"-1\" is not a time; write 90"));
  BOOST_TEST(refused("call", {"--where", "", "f"}).starts_with("--where: \"\" is none;"));
  BOOST_TEST(refused("list", {"--json=yes"}) == "--json takes no value");
  BOOST_TEST(refused("list", {"x"}) == "\"x\": list takes no arguments");
}

BOOST_AUTO_TEST_CASE(arguments_are_json_values) {
  BOOST_TEST(detail::parse_arguments({"1", R"("a")", "[2,null]", R"({"b":-1e3})"}).dump()
             == R"([1,"a",[2,null],{"b":-1000.0}])");
  BOOST_TEST(detail::parse_arguments({}).dump() == "[]");
}

BOOST_AUTO_TEST_CASE(an_argument_that_is_no_json_value_is_told_with_its_place_and_as_a_string) {
  const auto wrong
      = [](const words& given) { return error_of([&] { (void)detail::parse_arguments(given); }); };
  const auto text = wrong({"1", R"(it's "so")"});
  BOOST_TEST(text.starts_with(R"(argument 2 is no JSON value: it's "so" ()"), text);
  BOOST_TEST(text.ends_with(R"(); as a string it is written '"it'\''s \"so\""')"), text);
  BOOST_TEST(wrong({""}).ends_with(R"(as a string it is written '""')"));
  BOOST_TEST(wrong({"[1"}).starts_with("argument 1 is no JSON value: [1 ("));
}

BOOST_AUTO_TEST_CASE(durations_have_units_or_are_in_seconds) {
  BOOST_CHECK(parse_duration("90") == 90s);
  BOOST_CHECK(parse_duration("1.5") == 1500ms);
  BOOST_CHECK(parse_duration("20us") == 20us);
  BOOST_CHECK(parse_duration("2m") == 2min);
  BOOST_CHECK(parse_duration("1d") == 24h);
  BOOST_CHECK(parse_duration("1h30m") == 90min);
  BOOST_CHECK(parse_duration("1d2h3min4s5ms6us") == 26h + 3min + 4s + 5ms + 6us);
  BOOST_CHECK(parse_duration("1.5h0.5s") == 90min + 500ms);
  BOOST_CHECK(parse_duration("104166d1us") == 104'166 * 24h + 1us); // more digits than a double has
  BOOST_CHECK(parse_duration("0.000000001") == std::chrono::nanoseconds{1});
  BOOST_CHECK(parse_duration("0.3333333333333333333333333") == std::chrono::nanoseconds{333'333'333});
  BOOST_CHECK(parse_duration("104166d16h") == 9'000'000'000s); // the longest
  for (const auto* text : {"",
                           "s",
                           "-1",
                           "1x",
                           "1 s",
                           "1e3",
                           "nan",
                           "1e300",
                           "9999999999",
                           ".",
                           ".s",
                           "1..5",
                           "30m1h",
                           "1h1h",
                           "1m1min",
                           "1h30",
                           "90 ",
                           "+1",
                           "104166d16h1us",
                           "99999999999999999999999999999999999999999d"})
    BOOST_TEST(!parse_duration(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
