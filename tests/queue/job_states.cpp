#include <taskactor/queue/job_state.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <sstream>

namespace ta = taskactor;

BOOST_AUTO_TEST_SUITE(job_states)

BOOST_AUTO_TEST_CASE(each_state_is_found_by_its_name) {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(ta::job_state::quarantined); ++i) {
    const auto state = static_cast<ta::job_state>(i);
    std::ostringstream text;
    text << state;
    BOOST_CHECK(ta::job_state_named(text.str()) == state);
  }
  BOOST_CHECK(!ta::job_state_named("Ready"));
  BOOST_CHECK(!ta::job_state_named(""));
}

BOOST_AUTO_TEST_CASE(nothing_follows_the_five_last_ones) {
  BOOST_CHECK(!ta::is_final(ta::job_state::ready));
  BOOST_CHECK(!ta::is_final(ta::job_state::delayed));
  BOOST_CHECK(!ta::is_final(ta::job_state::running));
  BOOST_CHECK(ta::is_final(ta::job_state::succeeded));
  BOOST_CHECK(ta::is_final(ta::job_state::expired));
  BOOST_CHECK(ta::is_final(ta::job_state::quarantined));
}

BOOST_AUTO_TEST_SUITE_END()
