// Frames of a link: what is sent comes out again, however it is cut; what can't be trusted is refused.
#include "transport/frame.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

using nlohmann::json;

namespace frames {

using namespace taskactor::detail;

std::vector<std::string> frames_of(frame_cutter& cutter) {
  std::vector<std::string> result;
  while (const auto content = cutter.next())
    result.emplace_back(*content);
  return result;
}

/// Arrays in one another, and a number.
std::string nested(std::size_t levels) {
  std::string bytes(levels, '\x81');
  bytes.push_back('\x01');
  return bytes;
}

} // namespace frames

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(a_stream_cut_anywhere_gives_the_frames_that_were_sent) {
  const std::vector<json> sent{json::array({1, "two", 3.5}), json::object({{"a", nullptr}}),
                               json::binary({0, 255, 10}), std::string(100'000, 'x')};
  std::string stream;
  for (const auto& each : sent)
    stream += make_frame(each);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{4096}, stream.size()}) {
    frame_cutter cutter;
    std::vector<json> got;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      BOOST_REQUIRE(cutter.feed(std::string_view{stream}.substr(at, piece)));
      for (const auto& content : frames_of(cutter))
        got.push_back(read_frame(content).value());
    }
    BOOST_CHECK(got == sent);
  }
}

BOOST_AUTO_TEST_CASE(a_length_of_nothing_or_beyond_the_limit_breaks_the_stream_for_good) {
  for (const std::string& start :
       {std::string(4, '\0'), std::string("\xFF\xFF\xFF\xFF"), std::string("\x04\x00\x00\x01", 4)}) {
    frame_cutter cutter;
    BOOST_CHECK(!cutter.feed(start));
    BOOST_CHECK(!cutter.feed(make_frame(1)));
    BOOST_CHECK(!cutter.next());
  }
  frame_cutter second; // behind a good one
  static_cast<void>(second.feed(make_frame(1) + std::string(4, '\0')));
  BOOST_CHECK(second.next());
  BOOST_CHECK(!second.next());
  BOOST_CHECK(!second.feed({}));
}

BOOST_AUTO_TEST_CASE(half_a_frame_is_waited_for) {
  const auto whole = make_frame("hello");
  frame_cutter cutter;
  BOOST_CHECK(cutter.feed(std::string_view{whole}.substr(0, whole.size() - 1)));
  BOOST_CHECK(!cutter.next());
  BOOST_CHECK(cutter.feed(std::string_view{whole}.substr(whole.size() - 1)));
  BOOST_CHECK(read_frame(*cutter.next()).value() == json("hello"));
}

BOOST_AUTO_TEST_CASE(what_is_not_one_whole_shallow_value_is_refused) {
  BOOST_CHECK(!read_frame(""));
  BOOST_CHECK(!read_frame("\x83\x01"));                      // an array of three, with one
  BOOST_CHECK(!read_frame(std::string_view{"\x01\x01", 2})); // two values
  BOOST_CHECK(!read_frame("\x9A\xFF\xFF\xFF\xFF"));          // an array of 4 Gi items
  BOOST_CHECK(!read_frame("\x5A\xFF\xFF\xFF\xFF"));          // a string of 4 Gi bytes
  BOOST_CHECK(!read_frame("\xFF"));                          // a break, of nothing
  BOOST_CHECK(!read_frame(nested(1'000'000)));               // a million arrays in one another
  BOOST_CHECK(read_frame(nested(frame_depth)));
  // What nlohmann-json would decode, but not to what was sent: integers below -2^63.
  const std::string_view least{"\x3B\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"};
  BOOST_CHECK(read_frame(least).value() == std::numeric_limits<std::int64_t>::min());
  BOOST_CHECK(!read_frame(std::string_view{"\x3B\x80\0\0\0\0\0\0\0", 9}));
  BOOST_CHECK(!read_frame("\x3B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"));
  // In a byte string it is no depth of the frame's, but of what the string is decoded to.
  const auto deep = nested(1'000'000);
  const auto inside = make_frame(json::binary({deep.begin(), deep.end()}));
  const auto outer = read_frame(std::string_view{inside}.substr(4));
  BOOST_REQUIRE(outer);
  BOOST_CHECK(!is_shallow({reinterpret_cast<const char*>(outer->get_binary().data()), deep.size()}));
}

BOOST_AUTO_TEST_CASE(more_items_than_a_frame_may_have_are_not_decoded) {
  const auto empty_arrays = [](std::size_t count) {
    return make_frame(json::array_t(count - 1, json::array())).substr(4); // and the one around them
  };
  BOOST_TEST(read_frame(empty_arrays(frame_items)).value().size() == frame_items - 1);
  const auto more = empty_arrays(frame_items + 1);
  BOOST_CHECK(!read_frame(more));
  BOOST_CHECK(is_shallow(more)); // a result may be as long as it likes
}

BOOST_AUTO_TEST_CASE(damaged_and_invented_bytes_are_refused_or_decoded_but_never_harm) {
  std::mt19937 random{11};
  const auto good
      = make_frame({1, "name", json::binary({1, 2, 3}), {{"key", {1.5, nullptr, true}}}}).substr(4);
  int refused = 0, decoded = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    if (round % 2 == 0)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    else
      std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
    ++(read_frame(bytes) ? decoded : refused);
  }
  BOOST_TEST(refused > 1000);
  BOOST_TEST(decoded > 100);
}

BOOST_AUTO_TEST_SUITE_END()
