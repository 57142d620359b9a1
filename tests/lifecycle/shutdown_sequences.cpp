// The stages of a shutdown, and how long each lasts. No actors.
#include "lifecycle/shutdown_sequence.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace std::chrono_literals;
namespace ta = taskactor;

namespace shutdown_sequences {

using namespace taskactor::detail;
using stage = shutdown_sequence::stage;

const time_point begin{1h};

ta::shutdown_options bounds(std::chrono::nanoseconds drain, std::chrono::nanoseconds cancel,
                            std::chrono::nanoseconds kill) {
  ta::shutdown_options result;
  result.drain = drain;
  result.cancel = cancel;
  result.kill = kill;
  return result;
}

} // namespace shutdown_sequences

BOOST_AUTO_TEST_SUITE(shutdown_sequences)

using namespace ::shutdown_sequences;

BOOST_AUTO_TEST_CASE(each_stage_lasts_as_long_as_was_said_and_the_last_is_over) {
  shutdown_sequence stages;
  BOOST_TEST(stages.is_open());
  BOOST_TEST((stages.due() == time_point::max()));
  BOOST_TEST(stages.stop(bounds(1s, 2s, 3s), begin));
  BOOST_TEST((stages.advance(begin) == stage::draining));
  BOOST_TEST((stages.due() == begin + 1s));
  BOOST_TEST(!stages.cancels());
  BOOST_TEST((stages.advance(begin + 1s) == stage::cancelling));
  BOOST_TEST((stages.due() == begin + 3s));
  BOOST_TEST(stages.cancels());
  BOOST_TEST((stages.advance(begin + 3s) == stage::killing));
  BOOST_TEST((stages.due() == begin + 6s));
  BOOST_TEST((stages.advance(begin + 6s) == stage::over));
  BOOST_TEST(stages.is_over());
  BOOST_TEST((stages.due() == time_point::max()));
  BOOST_TEST((stages.advance(begin + 7s) == stage::over));
}

BOOST_AUTO_TEST_CASE(a_later_call_hurries_it_up_and_never_holds_it_back) {
  shutdown_sequence stages;
  BOOST_TEST(stages.stop(bounds(10s, 10s, 10s), begin));
  stages.advance(begin);
  BOOST_TEST(!stages.stop(bounds(20s, 1s, 20s), begin + 1s));
  BOOST_TEST((stages.due() == begin + 10s));
  BOOST_TEST(!stages.stop(bounds(2s, 20s, 20s), begin + 1s));
  BOOST_TEST((stages.due() == begin + 3s));
  BOOST_TEST(stages.stop(bounds(0s, 20s, 20s), begin + 2s));
  BOOST_TEST((stages.advance(begin + 2s) == stage::cancelling));
  BOOST_TEST((stages.due() == begin + 3s)); // of the least that was said of it
}

BOOST_AUTO_TEST_CASE(what_has_ended_before_its_time_is_over) {
  shutdown_sequence stages;
  BOOST_TEST(stages.stop(bounds(10s, 10s, 10s), begin));
  stages.advance(begin);
  stages.finish();
  BOOST_TEST(stages.is_over());
  BOOST_TEST((stages.due() == time_point::max()));
}

BOOST_AUTO_TEST_SUITE_END()
