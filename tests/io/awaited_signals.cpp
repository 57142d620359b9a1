// Signals that tasks await.
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include <unistd.h>

namespace awaited_signals {

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<int> next_of(const ta::signals& from) { co_return co_await from.next(); }

ta::task<std::vector<int>> take(const ta::signals& from, std::size_t count) {
  std::vector<int> all;
  while (all.size() < count)
    all.push_back(co_await from.next());
  co_return all;
}

std::atomic<int> handled{0};
void count_handled(int) { handled.fetch_add(1); }

/// What handles a signal, until it is destroyed.
class handler_before {
public:
  handler_before(int number, void (*handler)(int)) : number_(number) {
    struct sigaction here {};
    here.sa_handler = handler;
    ::sigaction(number, &here, &before_);
  }
  handler_before(const handler_before&) = delete;
  handler_before& operator=(const handler_before&) = delete;
  ~handler_before() { ::sigaction(number_, &before_, nullptr); }

private:
  int number_;
  struct sigaction before_ {};
};

auto handler_of(int number) {
  struct sigaction now {};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler;
}

template <class T>
ta::errc error_of(ta::handle<T> h) {
  try {
    h.get();
  } catch (const ta::error& why) {
    return why.code() == ta::errc::already_awaited ? ta::errc::already_awaited : ta::errc::invalid_argument;
  }
  return ta::errc{};
}

} // namespace awaited_signals

BOOST_AUTO_TEST_SUITE(awaited_signals)
using namespace awaited_signals;

BOOST_AUTO_TEST_CASE(a_signal_ends_a_wait) {
  ta::task_manager tasks;
  const ta::signals some{SIGUSR1, SIGUSR2};
  auto first = tasks.add_task({}, next_of, std::cref(some)).value();
  BOOST_TEST(!first.wait_for(10ms));
  ::raise(SIGUSR2);
  BOOST_TEST(first.get() == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(what_arrives_between_two_awaits_is_kept_and_each_object_hears_of_it) {
  ta::task_manager tasks;
  const ta::signals one{SIGUSR1, SIGUSR2};
  const ta::signals other{SIGUSR2};
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  const auto of_one = tasks.add_task({}, take, std::cref(one), 3).value().get();
  BOOST_TEST(of_one.size() == 3U);
  BOOST_TEST(std::count(of_one.begin(), of_one.end(), SIGUSR2) == 2);
  const auto of_other = tasks.add_task({}, take, std::cref(other), 2).value().get();
  BOOST_TEST(of_other == (std::vector{SIGUSR2, SIGUSR2}));
}

BOOST_AUTO_TEST_CASE(the_handler_before_returns_with_the_last_object) {
  const handler_before mine{SIGUSR1, count_handled};
  handled = 0;
  {
    std::optional<ta::signals> first{std::in_place, std::initializer_list<int>{SIGUSR1}};
    std::optional<ta::signals> second{std::in_place, std::initializer_list<int>{SIGUSR1}};
    ::raise(SIGUSR1);
    first.reset();
    ::raise(SIGUSR1);
    BOOST_TEST(handled == 0);
  }
  BOOST_TEST(handler_of(SIGUSR1) == &count_handled);
  ::raise(SIGUSR1);
  BOOST_TEST(handled == 1);
}

BOOST_AUTO_TEST_CASE(a_handler_that_somebody_has_put_there_meanwhile_stays) {
  const handler_before nobody{SIGUSR1, SIG_DFL};
  struct sigaction theirs {};
  theirs.sa_handler = count_handled;
  {
    const ta::signals mine{SIGUSR1};
    ::sigaction(SIGUSR1, &theirs, nullptr);
  }
  BOOST_TEST(handler_of(SIGUSR1) == &count_handled);
}

BOOST_AUTO_TEST_CASE(an_ignored_signal_stays_ignored) {
  const handler_before ignored{SIGHUP, SIG_IGN};
  ta::task_manager tasks;
  const ta::signals ends{SIGHUP, SIGUSR1};
  BOOST_TEST(handler_of(SIGHUP) == SIG_IGN);
  ::raise(SIGHUP);
  ::raise(SIGUSR1);
  BOOST_TEST(tasks.add_task({}, next_of, std::cref(ends)).value().get() == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(one_task_at_a_time_awaits_the_next_of_an_object) {
  ta::task_manager tasks;
  const ta::signals some{SIGUSR1};
  auto first = tasks.add_task({}, next_of, std::cref(some)).value();
  BOOST_TEST(!first.wait_for(10ms));
  BOOST_TEST((error_of(tasks.add_task({}, next_of, std::cref(some)).value()) == ta::errc::already_awaited));
  ::raise(SIGUSR1);
  BOOST_TEST(first.get() == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(numbers_that_cant_be_handled_are_refused) {
  const auto refused = [](std::vector<int> which) {
    BOOST_CHECK_EXCEPTION(ta::signals{which}, std::system_error,
                          [](const auto& why) { return why.code() == ta::errc::invalid_argument; });
  };
  refused({});
  for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 32, 33, 0, -1, NSIG, 1000})
    refused({SIGUSR1, number});
  BOOST_TEST(handler_of(SIGUSR1) == SIG_DFL);
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_has_taken_nothing) {
  ta::task_manager tasks{{.cancel_grace = 0ms}};
  const ta::signals some{SIGUSR1};
  for (int round = 0; round < 200; ++round) {
    auto waits = tasks.add_task({}, next_of, std::cref(some)).value();
    if (round % 2 != 0)
      (void)waits.wait_for(std::chrono::microseconds{round});
    std::thread raises{[] { ::kill(::getpid(), SIGUSR1); }};
    waits.cancel();
    const bool took = waits.wait_outcome().state() == ta::state::completed;
    raises.join();
    if (!took) {
      BOOST_TEST(tasks.add_task({.timeout = 20s}, next_of, std::cref(some)).value().get() == SIGUSR1);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_wait_in_virtual_time_without_waiting_for_the_world) {
  ta::testing::manager m;
  const ta::signals some{SIGUSR1};
  auto waits = m.tasks().add_task({.timeout = 1h}, next_of, std::cref(some)).value();
  BOOST_TEST((waits.wait_outcome().state() == ta::state::timed_out));
}

BOOST_AUTO_TEST_SUITE_END()
