#include "command/command_states.hpp"
#include "command/start_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <utility>

#include <unistd.h>

namespace waiting_commands {

using namespace taskactor::detail;
using end_kind = taskactor::detail::command_end;

struct waiting {
  explicit waiting(int count = 3) {
    for (int key = 1; key <= count; ++key) {
      states.add(static_cast<std::uint64_t>(key));
      queue.push({.key = static_cast<std::uint64_t>(key)});
    }
  }
  std::uint64_t pop_abandoned() {
    const auto found = queue.pop_abandoned(
        [this](const start_request& each) { return states.abandoned_by(each.key) != 0; });
    return found ? found->key : 0;
  }

  start_queue queue;
  command_states states;
};

} // namespace waiting_commands

BOOST_FIXTURE_TEST_SUITE(waiting_commands, waiting)

BOOST_AUTO_TEST_CASE(requests_leave_in_the_order_in_which_they_came) {
  for (const std::uint64_t key : {1U, 2U, 3U})
    BOOST_TEST(queue.pop()->key == key);
  BOOST_TEST(queue.empty());
  BOOST_TEST(!queue.pop());
}

BOOST_AUTO_TEST_CASE(one_that_is_put_back_is_the_next) {
  auto first = queue.pop();
  queue.put_back(std::move(*first));
  BOOST_TEST(queue.pop()->key == 1U);
  BOOST_TEST(queue.pop()->key == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_is_abandoned_leaves_before_its_turn) {
  BOOST_TEST(pop_abandoned() == 0U); // nobody has noted one
  BOOST_TEST(states.signal(2, SIGTERM));
  queue.note_abandoned();
  BOOST_TEST(pop_abandoned() == 2U);
  BOOST_TEST(pop_abandoned() == 0U);
  BOOST_TEST(queue.pop()->key == 1U);
  BOOST_TEST(queue.pop()->key == 3U);
}

BOOST_AUTO_TEST_CASE(one_that_was_put_back_can_be_abandoned_too) {
  auto first = queue.pop();
  queue.put_back(std::move(*first));
  states.signal(1, SIGKILL);
  queue.note_abandoned();
  BOOST_TEST(pop_abandoned() == 1U);
  BOOST_TEST(queue.pop()->key == 2U);
}

BOOST_AUTO_TEST_CASE(a_command_without_a_process_is_abandoned_by_kill_and_term_alone) {
  states.signal(1, SIGHUP);
  BOOST_TEST(states.abandoned_by(1) == 0);
  states.signal(1, SIGTERM);
  states.signal(1, SIGKILL);
  BOOST_TEST(states.abandoned_by(1) == SIGKILL);
  states.signal(1, SIGTERM);
  BOOST_TEST(states.abandoned_by(1) == SIGKILL);
  BOOST_TEST(!states.signal(7, SIGKILL)); // nobody's
}

BOOST_AUTO_TEST_CASE(commands_are_counted_from_their_coming_to_their_end) {
  states.retire(3, end_kind::never_started);
  static_cast<void>(states.starting(1));
  BOOST_TEST(states.running(1, ::getpid()) == 0);
  auto now = states.statistics();
  BOOST_TEST(now.queued == 1U);
  BOOST_TEST(now.running == 1U);
  BOOST_TEST(now.started == 1U);
  BOOST_TEST(now.start_failures == 1U);
  states.retire(1, end_kind::ended);
  states.retire(1, end_kind::ended); // it is gone
  now = states.statistics();
  BOOST_TEST(now.running == 0U);
  BOOST_TEST(now.ended == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
