// CBOR: what is written here nlohmann-json reads, what it writes is read here, and nothing else is taken for
// a value.
#include "base/cbor.hpp"
#include "task/cbor_value.hpp"

#include <nlohmann/json.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using nlohmann::json;

namespace cbor_values {

using namespace taskactor::detail;

std::string bytes_of(const json& value) {
  std::string bytes;
  json::to_cbor(value, bytes);
  return bytes;
}

std::vector<json> one_of_each() {
  using unsigned_limits = std::numeric_limits<std::uint64_t>;
  using limits = std::numeric_limits<std::int64_t>;
  return {nullptr,
          true,
          false,
          0,
          23,
          24,
          255,
          256,
          65535,
          65536,
          std::uint64_t{1} << 32U,
          unsigned_limits::max(),
          -1,
          -24,
          -25,
          -257,
          limits::min(),
          1.5,
          -0.1,
          1e300,
          std::numeric_limits<double>::infinity(),
          "",
          "text",
          std::string(300, 'x'),
          std::string(70'000, 'y'),
          std::string{"not UTF-8: \xC3\x28"},
          json::binary({}),
          json::binary({0, 255, 7}),
          json::binary(std::vector<std::uint8_t>(66'000, 9)),
          json::array(),
          json::object(),
          {1, {2, {3, {"four", nullptr}}}, {{"a", {{"b", {1, 2}}}}, {"", json::array()}}},
          json::array_t(1000, json{{"key", 1}})};
}

} // namespace cbor_values

BOOST_AUTO_TEST_SUITE(cbor_values)

BOOST_AUTO_TEST_CASE(every_kind_of_value_comes_back) {
  for (const auto& each : one_of_each()) {
    const auto back = read_cbor(bytes_of(each));
    BOOST_REQUIRE(back);
    BOOST_CHECK(*back == each);
    BOOST_CHECK(back->type() == json::from_cbor(bytes_of(each)).type());
  }
}

BOOST_AUTO_TEST_CASE(floats_of_all_widths_are_read) {
  const auto read = [](std::string_view bytes) { return read_cbor(bytes).value().get<double>(); };
  BOOST_TEST(read({"\xF9\x3C\x00", 3}) == 1.0);
  BOOST_TEST(read({"\xF9\xC4\x00", 3}) == -4.0);
  BOOST_TEST(read({"\xF9\x00\x01", 3}) == std::ldexp(1.0, -24)); // the least there is
  BOOST_TEST(read({"\xF9\x7B\xFF", 3}) == 65504.0);              // and the greatest
  BOOST_TEST(std::isinf(read({"\xF9\x7C\x00", 3})));
  BOOST_TEST(std::isnan(read({"\xF9\x7E\x00", 3})));
  BOOST_TEST(read({"\xFA\x47\xC3\x50\x00", 5}) == 100000.0);
  BOOST_TEST(read({"\xFB\x3F\xF1\x99\x99\x99\x99\x99\x9A", 9}) == 1.1);
}

BOOST_AUTO_TEST_CASE(what_is_no_value_or_more_than_one_is_none) {
  const std::string_view wrong[] = {"",
                                    {"\x00\x00", 2},
                                    "\x18",              // a number without its byte
                                    "\x81",              // an array without its item
                                    "\xA1\x61k",         // a key without its value
                                    {"\xA1\x01\x01", 3}, // a key that is no text
                                    "\x62x",             // half a text
                                    {"\xC0\x00", 2},     // a tag
                                    "\x9F\xFF",          // a length that isn't given
                                    "\xF7",              // undefined
                                    "\xF8\xFF",          // a simple value of its own
                                    "\xFC",
                                    {"\x3B\x80\0\0\0\0\0\0\0", 9}, // below the least integer
                                    {"\x9B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9}};
  for (const auto& each : wrong)
    BOOST_CHECK(!read_cbor(each));
}

BOOST_AUTO_TEST_CASE(depth_costs_no_stack) {
  constexpr std::size_t levels = 1'000'000;
  std::string bytes(levels + 1, '\x81');
  bytes.back() = '\x01';
  const auto value = read_cbor(bytes);
  BOOST_REQUIRE(value);
  std::size_t count = 0;
  for (const auto* each = &*value; each->is_array(); each = &each->at(0))
    ++count;
  BOOST_TEST(count == levels);
}

BOOST_AUTO_TEST_CASE(damaged_values_are_what_nlohmann_json_makes_of_them) {
  std::mt19937 random{5};
  std::size_t values = 0, none = 0;
  std::vector<std::string> sound;
  for (const auto& each : one_of_each())
    if (auto bytes = bytes_of(each); bytes.size() < 1000)
      sound.push_back(std::move(bytes));
  for (int round = 0; round < 60'000; ++round) {
    auto bytes = sound[random() % sound.size()];
    for (auto changes = random() % 3; changes != 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto ours = read_cbor(bytes);
    ++(ours ? values : none);
    if (!ours)
      continue;
    const auto theirs = json::from_cbor(bytes, true, false);
    BOOST_REQUIRE(!theirs.is_discarded());
    BOOST_REQUIRE(bytes_of(theirs) == bytes_of(*ours)); // not the values: NaN is unlike itself
  }
  BOOST_TEST(values > 20'000U);
  BOOST_TEST(none > 5'000U);
}

BOOST_AUTO_TEST_CASE(the_writer_writes_what_nlohmann_json_would) {
  for (const auto value :
       {std::int64_t{0}, std::int64_t{23}, std::int64_t{24}, std::int64_t{-1}, std::int64_t{-24},
        std::int64_t{-25}, std::int64_t{255}, std::int64_t{256}, std::int64_t{65536},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    cbor_writer writer;
    writer.integer(value);
    BOOST_CHECK(writer.take() == bytes_of(value));
  }
  for (const std::size_t size : {0, 23, 24, 255, 256, 65535, 65536}) {
    const std::string text(size, 'x');
    cbor_writer writer{3};
    writer.array(3);
    writer.text(text);
    writer.bytes(text);
    writer.number(size);
    BOOST_CHECK(writer.take().substr(3) == bytes_of({text, json::binary({text.begin(), text.end()}), size}));
  }
}

BOOST_AUTO_TEST_CASE(the_reader_notes_what_is_of_another_kind_and_goes_on_with_nothing) {
  const auto bytes = bytes_of({1, "two", json::binary({3}), -4});
  cbor_reader sound{bytes};
  BOOST_TEST(sound.array() == 4U);
  BOOST_TEST(sound.number() == 1U);
  BOOST_TEST(sound.text() == "two");
  BOOST_TEST(sound.bytes() == "\x03");
  BOOST_TEST(sound.integer() == -4);
  BOOST_TEST(sound.sound());
  BOOST_TEST(sound.at_end());
  cbor_reader other{bytes};
  BOOST_TEST(other.array() == 4U);
  BOOST_TEST(other.text().empty()); // it is a number
  BOOST_TEST(!other.sound());
  BOOST_TEST(other.number() == 0U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    cbor_reader cut{std::string_view{bytes}.substr(0, size)};
    cut.array(), cut.number(), cut.text(), cut.bytes(), cut.integer();
    BOOST_TEST(!cut.sound());
  }
}

BOOST_AUTO_TEST_SUITE_END()
