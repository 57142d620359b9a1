// A store on PostgreSQL behind a network that cuts: before a verb's COMMIT reaches the server, and between
// the COMMIT and its answer, at each verb. Nothing is lost, nothing is done twice, and all is counted once.
#include "postgres_tale.hpp"
#include "support/byte_proxy.hpp"

#include <sstream>

namespace postgres_cuts {

using namespace queue_tests;
using test::proxy_fault;

/// The tale through a proxy that does this to each verb.
std::string told_with(proxy_fault fault, std::size_t times = 1) {
  const postgres_world world;
  test::byte_proxy proxy{world.socket()};
  auto options = world.options();
  options.where = world.through(proxy.folder());
  options.prepare = false; // so that each COMMIT is said in words
  const tale_clock clock;
  td::postgres_backend store{options, clock};
  std::map<std::string, std::size_t> hits;
  std::string verb;
  std::size_t before = 0;
  const auto count = [&] {
    if (!verb.empty())
      hits[verb] += proxy.faults() - before;
    before = proxy.faults();
  };
  auto said = verbs_tale{
      store, clock, [&](const std::string& next, const std::string& last) {
        count();
        verb = next;
        proxy.arm(fault, last, times);
      }}.tell();
  count();
  std::ostringstream list;
  for (const auto* each : {"push", "claim", "finish", "renew", "promote", "rescue", "prune", "control",
                           "list", "find", "survey", "runners", "write_schedules", "schedules"}) {
    list << ' ' << each << ' ' << hits[each];
    BOOST_TEST(hits[each] > 0U, each);
  }
  BOOST_TEST_MESSAGE("cuts:" << list.str());
  world.is_well();
  return said;
}

const std::string& without_faults() {
  static const std::string one = [] {
    const postgres_world world;
    const tale_clock clock;
    td::postgres_backend store{world.options(), clock};
    return told(store, clock);
  }();
  return one;
}

} // namespace postgres_cuts

using namespace postgres_cuts;

BOOST_AUTO_TEST_SUITE(postgres_cuts)

BOOST_AUTO_TEST_CASE(a_verb_that_is_cut_off_before_its_commit_is_made_once) {
  BOOST_TEST(told_with(proxy_fault::cut_before) == without_faults());
}

BOOST_AUTO_TEST_CASE(a_verb_whose_commit_has_no_answer_is_made_once) {
  BOOST_TEST(told_with(proxy_fault::cut_after) == without_faults());
}

BOOST_AUTO_TEST_CASE(a_verb_whose_client_is_lost_while_the_server_commits_is_made_once) {
  BOOST_TEST(told_with(proxy_fault::lose_client) == without_faults());
}

BOOST_AUTO_TEST_SUITE_END()
