// Named tasks: registration, look-up, and JSON arguments that are refused rather than cut.
#include <taskactor/registry.hpp>

#include "task/library_load.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <vector>

using namespace std::string_literals;

namespace named {

using namespace taskactor;

enum class colour { red, green };
NLOHMANN_JSON_SERIALIZE_ENUM(colour, {{colour::red, "red"}, {colour::green, "green"}})

struct size {
  std::int16_t width = 0;
  float height = 0;
  bool operator==(const size&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(size, width, height)

enum class flags : std::uint64_t {};

struct record {
  int number = 0;
  std::uint64_t bytes = 0;
  double share = 0;
  std::array<int, 2> pair{};
  std::unordered_set<int> ids{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(record, number, bytes, share, pair, ids)

int add(int a, int b) { return a + b; }
task<std::string> resize(std::string path, const size& to, std::optional<int> quality) {
  co_return path + std::to_string(to.width) + std::to_string(quality.value_or(0));
}
void nothing() {}
void later() {}
std::size_t count(const std::vector<unsigned char>& bytes, bool) { return bytes.size(); }

} // namespace named

TASKACTOR_REGISTER(named::add);
TASKACTOR_REGISTER_AS(named::add, "sum.of.two", {.defaults = {40, 2}});
TASKACTOR_REGISTER_AS(named::resize, "img.resize", {.options = {.timeout = std::chrono::seconds{30}}});

namespace registrations {

using namespace taskactor;

template <class T>
std::string back(const json& from) {
  try {
    return detail::encode(detail::decode<T>(from)).dump();
  } catch (const detail::decode_fault& fault) {
    return fault.path + (fault.path.empty() ? "" : ": ") + "expected " + fault.expected + ", got "
           + fault.got;
  }
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::system_error& error) {
    const std::string text = error.what();
    return text.substr(0, text.rfind(": " + error.code().message()));
  }
  return "none";
}

} // namespace registrations

BOOST_AUTO_TEST_SUITE(registrations)

BOOST_AUTO_TEST_CASE(values_that_fit_come_back_as_they_were) {
  BOOST_TEST(back<bool>(true) == "true");
  BOOST_TEST(back<std::int8_t>(-128) == "-128");
  BOOST_TEST(back<std::uint64_t>(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  BOOST_TEST(back<double>(3) == "3.0");
  BOOST_TEST(back<float>(0.1) == json(0.1f).dump());
  BOOST_TEST(back<std::string>("x") == "\"x\"");
  BOOST_TEST(back<std::optional<int>>(nullptr) == "null");
  BOOST_TEST(back<std::optional<int>>(1) == "1");
  BOOST_TEST(back<std::vector<std::optional<int>>>({1, nullptr}) == "[1,null]");
  BOOST_TEST(back<std::deque<bool>>({true, false}) == "[true,false]");
  BOOST_TEST(back<std::vector<bool>>({true, false}) == "[true,false]");
  BOOST_TEST(back<std::set<int>>({2, 1, 2}) == "[1,2]");
  BOOST_TEST((back<std::map<std::string, std::vector<int>>>({{"a", {1}}}) == R"({"a":[1]})"));
  BOOST_TEST((back<std::tuple<int, std::string>>({1, "a"}) == R"([1,"a"])"));
  BOOST_TEST((back<std::array<int, 2>>({1, 2}) == "[1,2]"));
  BOOST_TEST((back<std::pair<int, bool>>({1, true}) == "[1,true]"));
  BOOST_TEST(back<named::colour>("green") == "\"green\"");
  BOOST_TEST(back<named::size>({{"width", 3}, {"height", 0.1}}) == json(named::size{3, 0.1f}).dump());
  BOOST_TEST(back<json>({1, {{"any", "thing"}}}) == R"([1,{"any":"thing"}])");
}

BOOST_AUTO_TEST_CASE(bytes_stay_bytes_on_a_wire) {
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}, std::byte{10}};
  const auto sent = json::to_cbor(detail::encode(bytes));
  BOOST_TEST(sent.size() == 4u); // one byte says that they are three
  BOOST_TEST((detail::decode<std::vector<std::byte>>(json::from_cbor(sent)) == bytes));
  BOOST_TEST((detail::decode<std::vector<std::byte>>(json{0, 255, 10}) == bytes));
  BOOST_TEST(back<std::vector<unsigned char>>({1, 256}) == "[1]: expected an integer from 0 to 255, got 256");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  BOOST_TEST(back<bool>(1) == "expected true or false, got 1");
  BOOST_TEST(back<std::int8_t>(128) == "expected an integer from -128 to 127, got 128");
  BOOST_TEST(back<unsigned>(-1) == "expected an integer from 0 to 4294967295, got -1");
  BOOST_TEST(
      back<std::int64_t>(std::numeric_limits<std::uint64_t>::max())
      == "expected an integer from -9223372036854775808 to 9223372036854775807, got 18446744073709551615");
  BOOST_TEST(back<int>(1.0) == "expected an integer from -2147483648 to 2147483647, got 1.0");
  BOOST_TEST(back<int>("1") == "expected an integer from -2147483648 to 2147483647, got \"1\"");
  BOOST_TEST(back<float>(1e300) == "expected a number that a float can hold, got 1e+300");
  BOOST_TEST(back<std::string>(nullptr) == "expected a string, got null");
  BOOST_TEST(back<std::vector<int>>({1, "x"}).starts_with("[1]: expected an integer"));
  BOOST_TEST(back<std::vector<int>>(json::object()) == "expected [int], got {}");
  BOOST_TEST((back<std::map<std::string, int>>({{"a", {1}}}).starts_with(".a: expected an integer")));
  BOOST_TEST((back<std::pair<int, int>>({1, 2, 3}) == "expected [int, int], got [1,2,3]"));
  BOOST_TEST(back<named::colour>("blue") == "expected a value that fits into named::colour, got \"blue\"");
  BOOST_TEST(back<named::size>({{"width", 100'000}, {"height", 1}})
             == "expected a value that fits into named::size, got 100000");
  BOOST_TEST(back<named::size>({{"width", 1}})
             == R"(expected named::size (key 'height' not found), got {"width":1})");
  BOOST_TEST(back<std::string>(json::array({std::string(200, 'x')}))
             == "expected a string, got [\"" + std::string(58, 'x') + "...");
  BOOST_TEST(back<bool>(std::string(58, 'x') + "\u00e4")
             == "expected true or false, got \"" + std::string(58, 'x') + "...");
}

BOOST_AUTO_TEST_CASE(what_a_member_would_make_another_value_of_is_refused) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  const auto refused = [](const char* key, const json& value) {
    return back<named::record>({{key, value}})
           == "expected a value that fits into named::record, got " + value.dump();
  };
  BOOST_TEST(refused("bytes", -1)); // 2^64 - 1 to nlohmann-json
  BOOST_TEST(refused("number", most));
  BOOST_TEST(refused("number", 3'000'000.7));
  BOOST_TEST(refused("number", 0.1));
  BOOST_TEST(refused("number", true));
  BOOST_TEST(refused("pair", {1, 2, 3}));
  BOOST_TEST(back<named::flags>(-1) == "expected a value that fits into named::flags, got -1");
  BOOST_TEST(back<named::flags>(most) == std::to_string(most));
}

BOOST_AUTO_TEST_CASE(what_a_member_can_hold_comes_back) {
  named::record sent{-3, std::numeric_limits<std::uint64_t>::max(), std::nan(""), {-1, 1}, {}};
  for (int i = 0; i < 100; ++i)
    sent.ids.insert(i * 7 % 101);
  const auto got = detail::decode<named::record>(json::from_cbor(json::to_cbor(detail::encode(sent))));
  BOOST_TEST(got.bytes == sent.bytes);
  BOOST_CHECK(std::isnan(got.share));
  BOOST_CHECK(got.pair == sent.pair);
  BOOST_CHECK(got.ids == sent.ids); // in whatever order they came
  BOOST_TEST(detail::decode<named::record>({{"number", 3.0}}).number == 3);
  BOOST_TEST(detail::decode<named::record>({{"share", 1}}).share == 1.0);
}

BOOST_AUTO_TEST_CASE(a_result_that_can_not_be_taken_is_an_error_that_says_where) {
  registry own;
  const auto& task = own.add(
      +[] { return std::vector<named::size>{}; }, "sizes");
  std::optional<std::vector<named::size>> into;
  const auto refused
      = [&](const std::string& bytes) { return error_of([&] { task.decode_result(bytes, &into); }); };
  BOOST_TEST(refused("\xF7") == "sizes: result: expected CBOR, got 1 bytes that are none");
  BOOST_TEST(refused(detail::to_bytes({1})).starts_with("sizes: result[0]: expected named::size"));
  BOOST_TEST(!into);
}

BOOST_AUTO_TEST_CASE(tasks_are_found_by_name_and_by_function) {
  const auto& all = registry::global();
  BOOST_REQUIRE(all.find("named::add"));
  BOOST_TEST(all.find("named::add")->signature() == "(int, int) -> int");
  BOOST_TEST(all.find("sum.of.two")->signature() == "(int = 40, int = 2) -> int");
  BOOST_TEST(all.find("sum.of.two")->required() == 0u);
  BOOST_TEST(all.find("img.resize")->signature() == "(string, named::size, int?) -> string");
  BOOST_TEST(all.find("img.resize")->required() == 2u);
  BOOST_TEST(all.find("img.resize")->parameters() == 3u);
  BOOST_CHECK(all.find("img.resize")->options().timeout == std::chrono::seconds{30});
  BOOST_TEST(all.find(named::resize) == all.find("img.resize"));
  BOOST_TEST(!all.find(named::nothing));
  BOOST_TEST(!all.find("img.resise"));
  BOOST_TEST(all.look_up("img.resise").error().message
             == "no task is named \"img.resise\"; did you mean \"img.resize\"?");
  BOOST_TEST(all.look_up("something else").error().message == "no task is named \"something else\"");
  BOOST_TEST(std::string{all.find("img.resize")->where().file_name()}.ends_with("registrations.cpp"));
  BOOST_TEST(all.list().front()->name() == "img.resize");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_taken_is_an_error_with_both_places) {
  registry own;
  own.add(named::add, "a");
  const auto text = error_of([&] { own.add(named::nothing, "a"); });
  BOOST_TEST(text.starts_with("two tasks are named \"a\": "));
  BOOST_TEST(text.find("registrations.cpp:", text.find("registrations.cpp:") + 1) != std::string::npos);
  BOOST_TEST(own.list().size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_library_registers_joins_as_a_whole_or_not_at_all) {
  auto& all = registry::global();
  const auto count = all.list().size();
  const auto error_of_load = [&](const auto& constructors) {
    detail::library_load load;
    constructors();
    BOOST_TEST(all.list().size() == count);
    return error_of([&] { load.commit(); });
  };
  const auto taken = error_of_load([&] {
    all.add_at_start(named::add, "load.new");
    all.add_at_start(named::add, "sum.of.two");
  });
  BOOST_TEST(taken.starts_with("two tasks are named \"sum.of.two\": "), taken);
  const auto twice = error_of_load([&] {
    all.add_at_start(named::add, "load.twice");
    all.add_at_start(named::nothing, "load.twice");
  });
  BOOST_TEST(twice.starts_with("two tasks are named \"load.twice\": "), twice);
  const auto default_fault = error_of_load([&] {
    all.add_at_start(named::add, "load.new");
    BOOST_TEST(!all.add_at_start(named::add, "load.wrong", {.defaults = {"x"}}));
  });
  BOOST_TEST(default_fault.starts_with("load.wrong: argument 2: expected an integer"), default_fault);
  BOOST_TEST(all.list().size() == count);

  BOOST_TEST(error_of_load([&] { all.add_at_start(named::later, "load.later"); }) == "none");
  BOOST_TEST(all.find(named::later) == all.find("load.later"));
  BOOST_TEST(all.list().size() == count + 1);
}

BOOST_AUTO_TEST_CASE(what_was_compiled_for_another_taskactor_is_refused) {
  const auto refused = [](detail::build_stamp stamp) {
    return error_of([&] { detail::check_stamp(stamp, std::source_location::current()); });
  };
  BOOST_TEST(refused(detail::headers_stamp) == "none");
  BOOST_TEST(
      refused({1'002'003, detail::headers_stamp.sizes}).find("compiled for taskactor 1.2.3, but this is ")
      != std::string::npos);
  BOOST_TEST(refused({detail::headers_stamp.version, 1}).find("laid out in another way")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_arguments_are_an_error_that_says_which) {
  const auto refused = [](const char* name, const json& arguments) {
    return error_of([&] { (void)registry::global().find(name)->bind(arguments); });
  };
  BOOST_TEST(refused("named::add", {1})
             == "named::add: expected 2 arguments, (int, int) -> int, got 1 argument");
  BOOST_TEST(refused("named::add", {1, 2, 3})
             == "named::add: expected 2 arguments, (int, int) -> int, got 3 arguments");
  BOOST_TEST(refused("named::add", {1, "x"})
             == "named::add: argument 2: expected an integer from -2147483648 to 2147483647, got \"x\"");
  BOOST_TEST(
      refused("img.resize", json::array({"p"}))
      == "img.resize: expected 2 to 3 arguments, (string, named::size, int?) -> string, got 1 argument");
  BOOST_TEST(refused("img.resize", json::array({"p", {{"width", 1}}}))
             == R"(img.resize: argument 2: expected named::size (key 'height' not found), got {"width":1})");
  BOOST_TEST(refused("named::add", {{"a", 1}}).starts_with("named::add: expected an array of arguments"));
  try {
    (void)registry::global().find("named::add")->bind({1, 1.5});
    BOOST_ERROR("not refused");
  } catch (const argument_error& error) {
    BOOST_TEST(error.position() == 2u);
    BOOST_TEST(error.got() == "1.5");
    BOOST_CHECK(error.code() == make_error_code(errc::bad_arguments));
  }
}

BOOST_AUTO_TEST_CASE(defaults_have_to_fit_when_they_are_registered) {
  registry own;
  BOOST_TEST(error_of([&] { own.add(named::add, "a", {.defaults = {"x"}}); })
             == "a: argument 2: expected an integer from -2147483648 to 2147483647, got \"x\"");
  BOOST_TEST(error_of([&] {
               own.add(named::add, "b", {.defaults = {1, 2, 3}});
             })
             == "b: expected defaults for at most 2 arguments, got 3 arguments");
  BOOST_TEST(own.add(named::count, "c", {.defaults = {true}}).signature()
             == "(bytes, bool = true) -> unsigned long");
  BOOST_TEST(own.add(named::nothing, "d").signature() == "() -> nothing");
}

BOOST_AUTO_TEST_SUITE_END()
