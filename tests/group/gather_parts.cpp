// What a gather is made of, without tasks: the credit of its fetches, what ends it early, how far it is.
#include <boost/test/unit_test.hpp>
#include <taskactor/detail/fetch_credit.hpp>
#include <taskactor/detail/gather_progress.hpp>
#include <taskactor/detail/stop_condition.hpp>

namespace ta = taskactor;

BOOST_AUTO_TEST_SUITE(gather_parts)

using namespace ta::detail;

BOOST_AUTO_TEST_CASE(without_a_limit_a_fetch_takes_no_credit) {
  fetch_credit credit;
  const auto all = credit.left();
  BOOST_TEST(!credit.is_limited());
  BOOST_TEST(credit.take());
  credit.take_back();
  BOOST_TEST(credit.left() == all);
  const fetch_credit::section fetching{credit};
  BOOST_TEST(!credit.is_fetching()); // nobody asks
}

BOOST_AUTO_TEST_CASE(with_a_limit_there_are_as_many_fetches_as_credits) {
  fetch_credit credit;
  credit.limit_to(2);
  BOOST_TEST(credit.take());
  BOOST_TEST(credit.take());
  BOOST_TEST(!credit.take());
  credit.give();
  BOOST_TEST(credit.take());
  BOOST_TEST(!credit.take());
  credit.take_back(); // there was no item
  BOOST_TEST(credit.left() == 1U);
}

BOOST_AUTO_TEST_CASE(a_fetch_is_seen_while_it_lasts) {
  fetch_credit credit;
  credit.limit_to(1);
  {
    const fetch_credit::section fetching{credit};
    BOOST_TEST(credit.is_fetching());
  }
  BOOST_TEST(!credit.is_fetching());
}

BOOST_AUTO_TEST_CASE(cancelled_items_are_neither_failures_nor_values) {
  const ta::failure failed{ta::state::failed, ta::end_reason::none};
  const ta::failure cancelled{ta::state::cancelled, ta::end_reason::cancel_requested};
  stop_condition never{ta::gather_end::all()};
  BOOST_TEST(!never.count(&failed));
  stop_condition first_error{ta::gather_end::first_error()};
  BOOST_TEST(!first_error.count(nullptr));
  BOOST_TEST(!first_error.count(&cancelled));
  BOOST_TEST(first_error.count(&failed));
  stop_condition quorum{ta::gather_end::quorum(2)};
  BOOST_TEST(!quorum.count(nullptr));
  BOOST_TEST(!quorum.count(&failed));
  BOOST_TEST(quorum.count(nullptr));
}

BOOST_AUTO_TEST_CASE(a_gather_is_complete_once_when_nothing_is_under_way_and_nothing_will_come) {
  gather_progress progress;
  progress.begin();
  BOOST_TEST(!progress.settle([] { return true; }));
  BOOST_TEST(!progress.settle([] { return true; })); // nothing is under way, but there are items
  progress.begin();
  BOOST_TEST(progress.settle([] { return false; }));
  BOOST_TEST(progress.complete());
  progress.begin(); // of who closes it
  BOOST_TEST(!progress.settle([] { return false; }));
}

BOOST_AUTO_TEST_CASE(a_closed_gather_is_complete_although_there_are_items) {
  gather_progress progress;
  progress.close();
  BOOST_TEST(progress.closed());
  BOOST_TEST(progress.settle([] { return true; }));
}

BOOST_AUTO_TEST_CASE(a_gather_is_over_once_when_no_items_task_is_left) {
  gather_progress progress;
  progress.task_made();
  progress.task_made();
  BOOST_TEST(!progress.finish());
  progress.task_left();
  BOOST_TEST(progress.tasks_left() == 1U);
  BOOST_TEST(!progress.task_gone(false));
  BOOST_TEST(progress.tasks_left() == 1U);
  BOOST_TEST(progress.task_gone(true));
  BOOST_TEST(progress.tasks_left() == 0U);
  BOOST_TEST(!progress.over());
  BOOST_TEST(progress.finish());
  BOOST_TEST(progress.over());
  BOOST_TEST(!progress.finish());
}

BOOST_AUTO_TEST_SUITE_END()
