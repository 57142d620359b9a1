#include <taskactor/detail/json_text.hpp>
#include <taskactor/detail/visible_text.hpp>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <limits>
#include <stdexcept>
#include <string>

using namespace std::string_literals;

namespace visible_texts {
using namespace taskactor;
using namespace taskactor::detail;
} // namespace visible_texts

BOOST_AUTO_TEST_SUITE(visible_texts)

BOOST_AUTO_TEST_CASE(what_can_be_seen_is_left_as_it_is) {
  for (const auto* text :
       {"", "plain", "a b ~", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac \xf0\x9f\x98\x80", "back\\slash"})
    BOOST_TEST(visible(text) == text);
}

BOOST_AUTO_TEST_CASE(what_could_forge_a_row_or_move_the_cursor_is_an_escape) {
  BOOST_TEST(visible("a\nb\r\tc") == "a\\nb\\r\\tc");
  BOOST_TEST(visible("\x1b[2J\x7f") == "\\x1b[2J\\x7f");
  BOOST_TEST(visible("\0"s) == "\\x00");
  BOOST_TEST(visible("\xc2\x9b") == "\\xc2\\x9b");          // CSI, of the upper half
  BOOST_TEST(visible("\xe2\x80\xae") == "\\xe2\\x80\\xae"); // from right to left
  BOOST_TEST(visible("\xe2\x81\xa6") == "\\xe2\\x81\\xa6");
  BOOST_TEST(visible("\xe2\x80\xa8") == "\\xe2\\x80\\xa8"); // a separator of lines
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_escapes_and_what_follows_is_not_lost) {
  BOOST_TEST(visible("\xff"
                     "a")
             == "\\xffa");
  BOOST_TEST(visible("\xe2\x82") == "\\xe2\\x82");
  BOOST_TEST(visible("\xc3\n") == "\\xc3\\n");
}

BOOST_AUTO_TEST_CASE(twice_is_as_once) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  BOOST_TEST(visible(visible(all)) == visible(all));
}

BOOST_AUTO_TEST_CASE(a_value_without_a_json_form_is_refused_in_words) {
  BOOST_TEST(json_text({1, "a", nullptr, json::binary({1, 255})}) == "[1,\"a\",null,[1,255]]");
  json deep;
  for (int i = 0; i < 300; ++i)
    deep = json::array({std::move(deep)});
  const json values[] = {std::numeric_limits<double>::infinity(),
                         json::array({-std::numeric_limits<double>::infinity()}),
                         json{{"a", std::numeric_limits<double>::quiet_NaN()}},
                         json::binary({1}, 7),
                         "\xff",
                         deep};
  for (const auto& each : values)
    BOOST_CHECK_THROW(json_text(each), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
