// Parts of a node's core alone: addresses that are dialled, peers that are known, calls of others.
#include "node/inbound_calls.hpp"
#include "node/node_connector.hpp"
#include "node/peer_table.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace parts {

using namespace taskactor;
using namespace taskactor::detail;
using namespace std::chrono_literals;

/// Keeps what it was asked for.
struct recorded_ports final : node_ports {
  void send(session_id to, node_frame frame) override { sent.emplace_back(to, std::move(frame)); }
  void dial(session_id as, const std::string&) override { dialled.push_back(as); }
  void close(session_id) override {}
  void begin(inbound_call call) override { begun.push_back(call.id); }
  void stop(inbound_id which) override { stopped.push_back(which); }
  void hand_back(inbound_id which) override { handed_back.push_back(which); }
  void answer(const std::shared_ptr<call_sink>&, call_answer) override {}
  void progress(const std::shared_ptr<call_sink>&, node_frames::progress) override {}
  void log(const std::shared_ptr<call_sink>&, const std::string&, node_frames::log) override {}
  void note(int, const std::string&) override {}

  template <class Frame>
  std::vector<Frame> all_sent(session_id to) const {
    std::vector<Frame> frames;
    for (const auto& [whom, frame] : sent)
      if (const auto* const is = std::get_if<Frame>(&frame); is && whom == to)
        frames.push_back(*is);
    return frames;
  }
  std::vector<std::pair<session_id, node_frame>> sent;
  std::vector<session_id> dialled;
  std::vector<inbound_id> begun, stopped, handed_back;
};

/// Two peers that may have two calls here together.
struct served_peers {
  served_peers() {
    windows.set_capacity(2, 0);
    for (auto* each : {&one, &other}) {
      each->peer.name = "peer-" + std::to_string(each->id);
      windows.add(each->id);
    }
  }
  bool call(node_session& from, std::uint64_t number, std::string name = "f") {
    node_frames::call frame{.key = {number, 1}, .name = std::move(name)};
    return calls.take(from, frame);
  }
  void end(inbound_id which) {
    const auto over = calls.remove(which);
    BOOST_REQUIRE(over);
    calls.answer(*over, {.how = inbound_result::kind::result, .text = "\xF6"});
  }
  node_statistics statistics() const {
    node_statistics made;
    calls.tell(made);
    return made;
  }
  recorded_ports ports;
  inbound_windows windows{ports};
  inbound_calls calls{{}, windows, ports};
  session_table sessions;
  node_session& one = sessions.add("1", {}, {});
  node_session& other = sessions.add("2", {}, {});
};

} // namespace parts

BOOST_AUTO_TEST_SUITE(parts)

BOOST_AUTO_TEST_CASE(an_address_is_dialled_once_and_again_after_a_pause_that_a_success_shortens) {
  recorded_ports ports;
  session_table sessions;
  node_connector connector{{}, 1, sessions, ports};
  node_time now{};
  connector.add("x", now);
  connector.add("x", now);
  connector.dial_due(now);
  connector.dial_due(now + 1h);
  BOOST_TEST(ports.dialled.size() == 1U); // it is on its way
  BOOST_TEST(connector.has_silent());
  BOOST_TEST(connector.is_first_failure("x"));
  connector.failed("x", "nobody answers", now);
  BOOST_TEST(!connector.is_first_failure("x"));
  connector.dial_due(now + 49ms);
  BOOST_TEST(ports.dialled.size() == 1U);
  connector.dial_due(now + 100ms);
  BOOST_TEST(ports.dialled.size() == 2U);
  connector.succeeded("x");
  BOOST_TEST(!connector.has_silent());
  BOOST_TEST(connector.is_first_failure("x"));
  BOOST_TEST(connector.all().at("x").reason == "nobody answers");
}

BOOST_AUTO_TEST_CASE(addresses_that_wait_long_are_due_soon_when_a_session_ends) {
  recorded_ports ports;
  session_table sessions;
  node_connector connector{{}, 1, sessions, ports};
  connector.add("x", {});
  for (int i = 0; i < 10; ++i)
    connector.failed("x", "refused", {});
  connector.dial_due(node_time{} + 1s);
  BOOST_TEST(ports.dialled.empty());
  connector.hurry({});
  connector.dial_due(node_time{} + 100ms);
  BOOST_TEST(ports.dialled.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_removed_names_its_session_and_nothing_is_dialled_after_the_stop) {
  recorded_ports ports;
  session_table sessions;
  node_connector connector{{}, 1, sessions, ports};
  connector.add("x", {});
  connector.dial_due({});
  BOOST_TEST((connector.remove("x") == ports.dialled.front()));
  BOOST_TEST(!connector.remove("x"));
  connector.add("y", {});
  connector.stop();
  connector.dial_due({});
  BOOST_TEST(ports.dialled.size() == 1U);
  BOOST_TEST((connector.remove("y") == session_id{0}));
}

BOOST_AUTO_TEST_CASE(of_peers_that_are_down_some_are_forgotten_and_of_those_that_are_up_none) {
  session_table sessions;
  peer_table peers;
  auto& stays = sessions.add("there", {}, {});
  stays.peer = {.name = "0", .uuid = "u", .incarnation = 7, .labels = {"gpu"}};
  peers.up(stays);
  for (int i = 1; i < 3000; ++i) {
    auto& comes = sessions.add("there", {}, {});
    comes.peer = {.name = std::to_string(i), .uuid = "u"};
    peers.up(comes);
    peers.down(comes.peer.name, "it went");
  }
  BOOST_TEST(peers.all().size() <= 1024U);
  BOOST_TEST(peers.session_of("0") == stays.id);
  BOOST_TEST(peers.present("0")->incarnation == 7U);
  BOOST_TEST(peers.any_fits(on_label("gpu")));
  BOOST_TEST(!peers.any_fits(on_label("cpu")));
  peers.forget("0");
  BOOST_TEST(peers.session_of("0") != 0U);
  peers.down("0", "it went");
  BOOST_TEST(!peers.present("0"));
}

BOOST_AUTO_TEST_CASE(a_call_without_room_or_with_a_number_that_is_here_breaks_the_protocol) {
  served_peers here;
  BOOST_TEST(here.call(here.one, 1));
  BOOST_TEST(!here.call(here.one, 1, "taskactor.status"));
  BOOST_TEST(here.call(here.other, 1));
  BOOST_TEST(!here.call(here.one, 2));
  BOOST_TEST(here.call(here.one, 3, "taskactor.status")); // it needs none
  BOOST_TEST(here.ports.begun.size() == 3U);
}

BOOST_AUTO_TEST_CASE(an_orphan_is_stopped_answered_nobody_and_keeps_its_room_until_it_has_ended) {
  served_peers here;
  BOOST_REQUIRE(here.call(here.one, 1));
  here.windows.remove(here.one.id, here.calls.session_lost(here.one.id));
  BOOST_TEST((here.ports.stopped == here.ports.begun));
  BOOST_TEST(here.windows.limit() == 1U);
  BOOST_TEST(here.statistics().orphaned == 1U);
  const auto before = here.ports.sent.size();
  here.calls.progressed(here.ports.begun.front(), 1, 2, "");
  BOOST_TEST(here.ports.sent.size() == before);
  here.end(here.ports.begun.front());
  BOOST_TEST(here.ports.all_sent<node_frames::result>(here.one.id).empty());
  BOOST_TEST(here.windows.limit() == 2U);
  BOOST_TEST(here.calls.is_empty());
}

BOOST_AUTO_TEST_CASE(what_has_not_begun_goes_back_and_a_beginning_is_told_once) {
  served_peers here;
  BOOST_REQUIRE(here.call(here.one, 1) && here.call(here.other, 1));
  here.calls.begun(here.ports.begun.front());
  BOOST_TEST(here.calls.newly_begun(here.one.id).size() == 1U);
  BOOST_TEST(here.calls.newly_begun(here.one.id).empty());
  BOOST_TEST(here.calls.newly_begun(here.other.id).empty());
  here.windows.close();
  here.calls.hand_back();
  BOOST_TEST((here.ports.handed_back == std::vector{here.ports.begun.back()}));
  here.end(here.ports.begun.front());
  BOOST_TEST(here.ports.all_sent<node_frames::result>(here.one.id).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
