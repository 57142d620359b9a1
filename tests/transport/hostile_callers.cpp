// A port of links survives what is sent to it: no crash, no leak, and another link goes on undisturbed.
// tests/stress/links.cpp does the same with many more.
#include "ends.hpp"
#include "hostile_streams.hpp"
#include "identities.hpp"
#include "support/soft_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

using namespace std::chrono_literals;
using namespace test;
using ta::link_address;
using ta::link_end;
using ta::make_frame;

namespace hostile_callers {

std::size_t descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                                                std::filesystem::directory_iterator{}));
}

struct port : identities {
  ta::node_links links;
  std::shared_ptr<door> inside = std::make_shared<door>();
  std::shared_ptr<end> good = std::make_shared<end>();
  ta::link_bounds bounds{.handshake_timeout = 1min, .closing_timeout = 100ms};
  std::shared_ptr<ta::node_listening> listening;
  std::size_t echoes = 0;

  void listen_alone(const ta::link_identity& as) {
    listening = links.listen(link_address::parse("127.0.0.1:0"), as, bounds, inside);
  }
  void listen(const ta::link_identity& as) {
    listen_alone(as);
    links.connect(listening->address(), as.empty() ? as : beta(), "alpha", bounds, good);
    BOOST_REQUIRE(good->opened());
  }
  std::uint16_t number() const { return listening->address().port; }
  void good_goes_on() {
    good->opened()->send(make_frame(echoes));
    ++echoes;
    BOOST_REQUIRE_EQUAL(good->frames(echoes).size(), echoes);
  }
  /// Callers are taken in the order they came: none of those before is left to come in.
  void take_in_all() {
    raw_caller last{number()};
    last.say_no_more();
    last.receive_all(60'000);
  }
  /// Who has been refused takes a moment to go, and its socket another one.
  bool alone_again(std::optional<std::size_t> descriptors_then = {}) {
    take_in_all();
    for (int i = 0; i < 10'000; ++i) {
      if (listening->connections() == 1 && descriptors() == descriptors_then.value_or(descriptors()))
        return true;
      good_goes_on();
      ::poll(nullptr, 0, 5);
    }
    return false;
  }
};

} // namespace hostile_callers

BOOST_FIXTURE_TEST_SUITE(hostile_callers, port)

BOOST_AUTO_TEST_CASE(without_tls_a_stream_of_any_kind_harms_nobody) {
  listen({});
  const auto before = descriptors();
  hostile_streams with{1};
  for (int i = 0; i < 400; ++i) {
    attack_bare(with, number(), nullptr);
    if (i % 20 == 0)
      good_goes_on();
  }
  BOOST_TEST(alone_again(before));
  good_goes_on();
  BOOST_TEST(descriptors() == before);
  BOOST_TEST(listening->refused()[link_end::not_a_link] > 50U);
}

BOOST_AUTO_TEST_CASE(with_tls_a_stream_of_any_kind_harms_nobody) {
  listen(alpha());
  const auto before = descriptors();
  hostile_streams with{2};
  taskactor::make_certificate(ours, {"late"});
  shift("late", -1);
  const auto believed = context_of(beta()), bare = context_of({.authority = alpha().authority}),
             other = context_of(stranger()), late = context_of(of(ours, "late"));
  for (int i = 0; i < 300; ++i) {
    attack_bare(with, number(), believed);
    attack_tls(with, number(), i % 3 != 0 ? believed : i % 9 == 0 ? bare : i % 9 == 3 ? other : late);
    if (i % 20 == 0)
      good_goes_on();
  }
  BOOST_TEST(alone_again(before));
  good_goes_on();
  BOOST_TEST(descriptors() == before);
  const auto refused = listening->refused();
  for (const auto what : {link_end::not_tls, link_end::not_a_link, link_end::no_certificate,
                          link_end::other_authority, link_end::expired, link_end::ended})
    BOOST_TEST(refused[what] > 5U, to_string(what));
}

BOOST_AUTO_TEST_CASE(of_those_who_never_greet_the_oldest_go_and_a_good_one_still_comes_in) {
  bounds.handshakes = 8;
  listen(alpha());
  std::vector<raw_caller> silent;
  for (int i = 0; i < 100; ++i)
    silent.emplace_back(number());
  const auto second = std::make_shared<end>();
  links.connect(listening->address(), beta(), "alpha", bounds, second);
  BOOST_TEST(second->opened());
  good_goes_on();
  BOOST_TEST(listening->handshakes() <= 8U);
  BOOST_TEST(silent.front().receive_all().empty()); // its end
  BOOST_TEST(listening->refused()[link_end::many_handshakes] >= 90U);
  BOOST_TEST(inside->refused(1).size() == 1U); // one address, one reason: told once
}

BOOST_AUTO_TEST_CASE(who_has_not_greeted_in_time_is_told_and_sent_away) {
  bounds.handshake_timeout = 100ms;
  bounds.closing_timeout = 1min; // within it what it is told has to be on its way
  listen_alone({});              // a good one might be late as well
  raw_caller silent{number()};
  const auto said = silent.receive_all(60'000);
  BOOST_REQUIRE(said.size() > 4);
  BOOST_TEST(ta::read_frame(std::string_view{said}.substr(4)).value().at(1) == "timed_out");
  BOOST_TEST(listening->refused()[link_end::timed_out] == 1U);
}

BOOST_AUTO_TEST_CASE(who_stops_in_the_middle_of_a_handshake_is_sent_away_in_time) {
  bounds.handshake_timeout = 2s; // the good one's too: it calls again when it was late
  listen_alone(alpha());
  const ta::link_bounds patient{.handshake_timeout = 1min};
  int calls = 0;
  do {
    good = std::make_shared<end>();
    links.connect(listening->address(), beta(), "alpha", patient, good);
  } while (!good->opened() && ++calls < 20);
  BOOST_REQUIRE(good->opened());
  const auto late = listening->refused()[link_end::timed_out];
  const auto context = context_of(beta());
  ta::tls_session tls{context, ta::link_role::calling, "alpha"};
  tls.begin();
  raw_caller silent{number()};
  silent.send(tls.take_output());
  silent.receive_all(60'000);
  BOOST_TEST(listening->refused()[link_end::timed_out] == late + 1);
  BOOST_TEST(alone_again());
}

#if !defined(__SANITIZE_ADDRESS__) // UBSan looks at objects through a pipe: without one all seem broken

BOOST_AUTO_TEST_CASE(without_a_descriptor_left_who_calls_has_to_wait_and_the_others_go_on) {
  listen({});
  std::optional<test::soft_limit> few{std::in_place, RLIMIT_NOFILE, descriptors() + 10};
  std::vector<raw_caller> silent;
  for (int i = 0; i < 10; ++i) // each takes one here, and one on the other side
    silent.emplace_back(number());
  BOOST_CHECK(inside->refused(1).front().second.what == link_end::no_resources);
  good_goes_on();
  const auto caller = std::make_shared<end>();
  try {
    links.connect(listening->address(), {}, {}, bounds, caller);
    BOOST_CHECK(caller->closed().what == link_end::no_resources);
  } catch (const std::system_error& error) {
    BOOST_CHECK(error.code() == std::errc::too_many_files_open);
  }
  silent.clear();
  few.reset();
  const auto second = std::make_shared<end>();
  links.connect(listening->address(), {}, {}, bounds, second);
  BOOST_TEST(second->opened());
}

#endif

BOOST_AUTO_TEST_SUITE_END()
