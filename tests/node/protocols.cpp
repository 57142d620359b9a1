// Frames of nodes: what is sent comes back, and nothing else is taken for a frame.
#include "node/protocol.hpp"
#include "transport/frame.hpp"

#include <nlohmann/json.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

using nlohmann::json;

namespace protocols {

using namespace taskactor::detail;
using namespace node_frames;

std::string content_of(node_frame frame) { return encode(std::move(frame)).substr(frame_prefix); }

std::vector<node_frame> one_of_each() {
  const call_key key{7, 2};
  return {hello{.name = "a", .uuid = "u", .incarnation = 5, .sessions = 1, .labels = {"x", "y"}},
          welcome{},
          goodbye{close_reason::leaving, "done"},
          heartbeat{3, {{1, 1}, {2, 5}}},
          draining{},
          window{4},
          window_taken{4},
          demand{9},
          call{key, "task", "\x81\x01", std::chrono::nanoseconds{5}, "t"},
          node_frames::cancel{key},
          result{key, "\xF6"},
          failed{key, "no"},
          refused{key, refusal::not_permitted, "no"},
          cancelled{key, ""},
          timed_out{key, time_limit::remaining, "late"},
          returned{key},
          node_frames::progress{key, 1, 2, "half"},
          node_frames::log{key, 2, "l", "text"}};
}

} // namespace protocols

BOOST_AUTO_TEST_SUITE(protocols)

BOOST_AUTO_TEST_CASE(each_kind_comes_back_as_it_was_sent) {
  std::size_t kind = 0;
  for (const auto& each : one_of_each()) {
    const auto content = content_of(each);
    const auto back = decode_node_frame(content);
    BOOST_REQUIRE(back);
    BOOST_TEST(back->index() == kind++);
    BOOST_CHECK(content_of(*back) == content);
  }
  BOOST_TEST(kind == std::variant_size_v<node_frame>);
  const auto without = decode_node_frame(content_of(call{{1, 1}, "t", "\x80", {}, ""}));
  BOOST_CHECK(!std::get<call>(*without).remaining);
}

BOOST_AUTO_TEST_CASE(a_field_more_or_less_or_of_another_type_means_nothing) {
  for (const auto& each : one_of_each()) {
    const auto sound = read_frame(content_of(each)).value();
    const auto means = [](const json& frame) {
      return decode_node_frame(make_frame(frame).substr(frame_prefix)).has_value();
    };
    BOOST_CHECK(means(sound));
    auto more = sound;
    more.push_back(1);
    BOOST_CHECK(!means(more));
    for (std::size_t i = 0; i < sound.size(); ++i) {
      auto other = sound;
      other[i] = json::object();
      BOOST_CHECK(!means(other));
      auto less = sound;
      less.erase(i);
      BOOST_CHECK_MESSAGE(i == 0 || !means(less), sound.dump()); // without its kind it may be of another
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_names_and_depths_have_their_bounds) {
  const auto means = [](const json& frame) {
    return decode_node_frame(make_frame(frame).substr(frame_prefix)).has_value();
  };
  BOOST_CHECK(!means({0}));
  BOOST_CHECK(!means({19}));
  BOOST_CHECK(!means({-1}));
  BOOST_CHECK(!means(json::array()));
  BOOST_CHECK(!means("hello"));
  BOOST_CHECK(!means({3, 0, ""})); // no such reason
  BOOST_CHECK(!means({3, 7, ""}));
  BOOST_CHECK(!means({6, -1}));
  BOOST_CHECK(!means({4, 1, {1}})); // half a key
  BOOST_CHECK(!means({1, 1, std::string(256, 'x'), "u", 1, 1, json::array()}));
  BOOST_CHECK(!means({1, 1, "x", "u", 1, 1, std::vector<std::string>(65, "l")}));
  BOOST_CHECK(!means({9, 1, 1, "t", json::binary({0x80}), -2, "i"})); // before its beginning
  BOOST_CHECK(!means({9, 1, 1, "t", json::binary({0x80}), std::uint64_t{1} << 63U, "i"}));
  BOOST_CHECK(!means({9, 1, 1, "t", json::binary(std::vector<std::uint8_t>(300, 0x81)), -1, "i"}));
  BOOST_CHECK(!means({9, 1, 1, "t", json::binary({}), -1, "i"}));
}

BOOST_AUTO_TEST_CASE(a_text_is_cut_between_characters) {
  BOOST_TEST(cut_text("abc", 2) == "ab");
  BOOST_TEST(cut_text("a\xC3\xA4", 2) == "a");
  BOOST_TEST(cut_text("\xC3\xA4", 2) == "\xC3\xA4");
  const auto back = decode_node_frame(content_of(failed{{1, 1}, std::string(100'000, 'x')}));
  BOOST_TEST(std::get<failed>(*back).text.size() == node_text_limit);
}

BOOST_AUTO_TEST_CASE(another_version_is_told_whatever_else_is_in_its_hello) {
  const auto other = make_frame({1, 2, {{"name", "x"}}}).substr(frame_prefix);
  BOOST_TEST(version_of_hello(other).value() == 2U);
  BOOST_CHECK(!version_of_hello("x"));
  BOOST_CHECK(!version_of_hello(make_frame({2, 1}).substr(frame_prefix)));
}

BOOST_AUTO_TEST_CASE(damaged_frames_mean_nothing_or_something_but_never_harm) {
  std::mt19937 random{3};
  std::size_t nothing = 0, something = 0;
  std::vector<std::string> contents;
  for (const auto& each : one_of_each())
    contents.push_back(content_of(each));
  for (int round = 0; round < 40'000; ++round) {
    auto bytes = contents[random() % contents.size()];
    for (auto changes = 1 + random() % 3; changes != 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    ++(decode_node_frame(bytes) ? something : nothing);
  }
  BOOST_TEST(nothing > 10'000U);
  BOOST_TEST(something > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
