// Where a task's actor stands with the scheduler. No actors.
#include "lifecycle/schedule_word.hpp"

#include <boost/test/unit_test.hpp>

using taskactor::detail::schedule_word;

BOOST_AUTO_TEST_SUITE(schedule_words)

BOOST_AUTO_TEST_CASE(what_is_queued_already_is_not_queued_again) {
  schedule_word word;
  BOOST_TEST(!word.wake());
  word.take();
  word.run();
  BOOST_TEST(word.park());
  BOOST_TEST(word.wake());
  BOOST_TEST(!word.wake());
}

BOOST_AUTO_TEST_CASE(who_is_woken_while_it_runs_looks_again_instead_of_parking) {
  schedule_word word;
  word.run();
  BOOST_TEST(!word.wake());
  BOOST_TEST(!word.wake());
  BOOST_TEST(!word.park());
  word.run();
  BOOST_TEST(word.park());
}

BOOST_AUTO_TEST_CASE(what_goes_to_the_end_of_the_queue_is_there_once) {
  schedule_word word;
  word.run();
  word.queue();
  BOOST_TEST(!word.wake());
  word.run();
  BOOST_TEST(word.park());
}

BOOST_AUTO_TEST_CASE(what_has_ended_is_never_queued) {
  schedule_word word;
  word.run();
  word.end();
  BOOST_TEST(!word.wake());
}

BOOST_AUTO_TEST_SUITE_END()
