// Signals that shut a manager down: by real ones, sent to this process.
#include "lifecycle/bodies.hpp"
#include "support/gate.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace test;

namespace shutdown_signals {

std::atomic<int> handled{0};
void count_handled(int) { handled.fetch_add(1); }

/// What handles a signal, until it is destroyed: a stray one of a test's would end the program.
class handler_before {
public:
  explicit handler_before(int number = SIGUSR1, void (*handler)(int) = count_handled) : number_(number) {
    handled = 0;
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

bool is_back(int number) {
  struct sigaction now {};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler == &count_handled;
}

template <class Done>
void until(Done done) {
  while (!done())
    std::this_thread::yield();
}

ta::task<void> nothing() { co_return; }

/// Of one that has no room for this one: it isn't admitted.
bool is_stopping(ta::task_manager& tasks) {
  const auto answer = tasks.add_task({}, nothing);
  return !answer && answer.error().code == ta::errc::stopping;
}

/// Returns when the manager has heard of it.
void raise_first(ta::task_manager& tasks, int number = SIGUSR1) {
  ::kill(::getpid(), number);
  until([&] { return is_stopping(tasks); });
}

ta::task<int> wait_for(const ta::event& told) {
  co_await told.wait();
  co_return 1;
}

/// Ends by nothing but a kill, once it has begun.
ta::task<int> defy(std::atomic<bool>& begun) {
  begun = true;
  co_return co_await swallowing();
}

constexpr ta::shutdown_options patient{.drain = 1h, .cancel = 1h, .kill = 10s};
const ta::task_options endless{.timeout = ta::no_timeout};

} // namespace shutdown_signals

BOOST_AUTO_TEST_SUITE(shutdown_signals)
using namespace shutdown_signals;

BOOST_AUTO_TEST_CASE(the_first_lets_what_runs_and_waits_end) {
  const handler_before safe;
  ta::task_manager tasks{{.capacity = 1, .max_queue = 2}};
  tasks.shutdown_on({SIGUSR1}, patient);
  const ta::event told;
  const auto runs = tasks.add_task(endless, wait_for, std::cref(told)).value();
  const auto waits = tasks.add_task(endless, wait_for, std::cref(told)).value();
  raise_first(tasks);
  BOOST_TEST(!runs.wait_for(10ms));
  told.set();
  const auto report = tasks.wait_for_shutdown();
  BOOST_TEST(waits.get() == 1);
  BOOST_TEST(report.completed == 2u);
  BOOST_TEST(report.clean());
  BOOST_TEST(report.signal == SIGUSR1);
  BOOST_TEST(report.exit_code(3) == 128 + SIGUSR1);
}

BOOST_AUTO_TEST_CASE(the_second_cancels_while_a_thread_waits_for_the_task) {
  const handler_before safe;
  const handler_before safe_too{SIGUSR2};
  ta::task_manager tasks{{.max_queue = 1}};
  tasks.shutdown_on({SIGUSR1, SIGUSR2}, patient);
  auto hangs = tasks.add_task(endless, hanging).value();
  std::thread sends{[&] {
    raise_first(tasks, SIGUSR2);
    ::kill(::getpid(), SIGUSR1);
  }};
  BOOST_CHECK(hangs.wait_outcome().state() == ta::state::cancelled);
  sends.join();
  const auto report = tasks.shutdown(patient);
  BOOST_TEST(report.cancelled == 1u);
  BOOST_TEST(report.signal == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(the_third_kills_and_the_fourth_is_handled_as_before) {
  const handler_before before;
  ta::task_manager tasks{{.max_queue = 1, .cancel_grace = 1h}};
  tasks.shutdown_on({SIGUSR1}, patient);
  std::atomic<bool> begun{false};
  const auto rude = tasks.add_task(endless, defy, std::ref(begun)).value();
  until([&] { return begun.load(); });
  raise_first(tasks);
  ::kill(::getpid(), SIGUSR1);
  until([&] { return rude.state() == ta::state::cancelling; });
  BOOST_TEST(!is_back(SIGUSR1));
  ::kill(::getpid(), SIGUSR1);
  const auto report = tasks.wait_for_shutdown();
  BOOST_TEST(report.cancelled == 1u);
  BOOST_TEST(report.clean());
  until([] { return is_back(SIGUSR1); });
  BOOST_TEST(handled == 0);
  ::raise(SIGUSR1);
  BOOST_TEST(handled == 1);
}

BOOST_AUTO_TEST_CASE(three_that_come_at_once_are_three) {
  const handler_before safe;
  for (int round = 0; round < 50; ++round) {
    ta::task_manager tasks{{.cancel_grace = 1h}};
    tasks.shutdown_on({SIGUSR1}, patient);
    std::atomic<bool> begun{false};
    (void)tasks.add_task(endless, defy, std::ref(begun));
    until([&] { return begun.load(); });
    for (int i = 0; i < 3; ++i)
      ::raise(SIGUSR1);
    BOOST_TEST(tasks.wait_for_shutdown().cancelled == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_stage_without_time_takes_no_signal) {
  const handler_before safe;
  ta::task_manager tasks{{.cancel_grace = 1h}};
  tasks.shutdown_on({SIGUSR1}, {.drain = 0s, .cancel = 1h, .kill = 10s});
  std::atomic<bool> begun{false};
  const auto rude = tasks.add_task(endless, defy, std::ref(begun)).value();
  until([&] { return begun.load(); });
  const auto polite = tasks.add_task(endless, hanging).value();
  ::raise(SIGUSR1);
  BOOST_CHECK(polite.wait_outcome().state() == ta::state::cancelled);
  BOOST_TEST(!rude.wait_for(10ms));
  ::raise(SIGUSR1);
  BOOST_TEST(tasks.wait_for_shutdown().cancelled == 2u);
}

BOOST_AUTO_TEST_CASE(one_that_came_before_was_handled_as_before) {
  const handler_before before;
  ta::task_manager tasks;
  ::raise(SIGUSR1);
  BOOST_TEST(handled == 1);
  tasks.shutdown_on({SIGUSR1}, patient);
  BOOST_TEST(tasks.add_task({}, after, 1ms, 1).value().get() == 1);
  const auto report = tasks.shutdown();
  BOOST_TEST(report.signal == 0);
  BOOST_TEST(report.exit_code() == 0);
  BOOST_TEST(report.exit_code(3) == 3);
}

BOOST_AUTO_TEST_CASE(one_after_the_shutdown_changes_nothing_and_the_handler_returns_with_the_managers_end) {
  const handler_before before;
  {
    ta::task_manager tasks;
    tasks.shutdown_on({SIGUSR1}, patient);
    (void)tasks.shutdown();
    ::raise(SIGUSR1);
    until([&] { return tasks.shutdown().signal == SIGUSR1; });
    BOOST_TEST(!is_back(SIGUSR1));
  }
  BOOST_TEST(is_back(SIGUSR1));
  BOOST_TEST(handled == 0);
}

BOOST_AUTO_TEST_CASE(they_count_while_the_program_shuts_down_by_itself) {
  const handler_before safe;
  ta::task_manager tasks{{.max_queue = 1}};
  tasks.shutdown_on({SIGUSR1}, patient);
  const auto hangs = tasks.add_task(endless, hanging).value();
  std::thread sends{[&] {
    until([&] { return is_stopping(tasks); });
    ::raise(SIGUSR1); // handled when it returns: two of `kill` may become one
    ::raise(SIGUSR1);
  }};
  const auto report = tasks.shutdown(patient);
  sends.join();
  BOOST_TEST(report.cancelled == 1u);
  BOOST_TEST(report.signal == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(an_ignored_one_stays_ignored) {
  const handler_before ignored{SIGUSR1, SIG_IGN};
  const handler_before safe{SIGUSR2};
  ta::task_manager tasks;
  tasks.shutdown_on({SIGUSR1, SIGUSR2});
  for (int i = 0; i < 3; ++i)
    ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  BOOST_TEST(tasks.wait_for_shutdown().signal == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(a_second_call_replaces_the_first_and_counts_on) {
  const handler_before first{SIGUSR1};
  const handler_before second{SIGUSR2};
  ta::task_manager tasks{{.max_queue = 1}};
  tasks.shutdown_on({SIGUSR1}, patient);
  tasks.shutdown_on({SIGUSR1}, patient); // the same again
  const auto hangs = tasks.add_task(endless, hanging).value();
  raise_first(tasks);
  tasks.shutdown_on({SIGUSR2}, patient);
  BOOST_TEST(is_back(SIGUSR1));
  ::raise(SIGUSR1);
  BOOST_TEST(handled == 1);
  BOOST_TEST(!hangs.wait_for(10ms));
  ::raise(SIGUSR2);
  BOOST_CHECK(hangs.wait_outcome().state() == ta::state::cancelled);
  BOOST_TEST(tasks.wait_for_shutdown().signal == SIGUSR1);
}

/// None is lost, and none counts twice.
BOOST_AUTO_TEST_CASE(signals_during_a_call_are_counted_once) {
  const handler_before safe;
  for (int round = 0; round < 100; ++round) {
    ta::task_manager tasks{{.max_queue = 1}};
    tasks.shutdown_on({SIGUSR1}, patient);
    auto hangs = tasks.add_task(endless, hanging).value();
    std::thread sends{[] { ::kill(::getpid(), SIGUSR1); }};
    tasks.shutdown_on({SIGUSR1}, patient);
    sends.join();
    until([&] { return is_stopping(tasks); });
    BOOST_TEST(!hangs.wait_for(1ms));
    hangs.cancel();
    BOOST_TEST(tasks.wait_for_shutdown().signal == SIGUSR1);
  }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_and_the_call_before_still_holds) {
  const handler_before safe;
  ta::task_manager tasks;
  tasks.shutdown_on({SIGUSR1}, patient);
  const auto is_invalid = [](const std::system_error& e) { return e.code() == ta::errc::invalid_argument; };
  BOOST_CHECK_EXCEPTION(tasks.shutdown_on({}), std::system_error, is_invalid);
  BOOST_CHECK_EXCEPTION(tasks.shutdown_on({SIGUSR2, SIGKILL}), std::system_error, is_invalid);
  BOOST_CHECK_EXCEPTION(tasks.shutdown_on({SIGUSR2}, {.cancel = -1s}), std::system_error, is_invalid);
  ::raise(SIGUSR1);
  BOOST_TEST(tasks.wait_for_shutdown().signal == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(each_manager_and_each_object_hears_of_it) {
  const handler_before safe;
  const ta::signals heard{SIGUSR1};
  ta::task_manager one;
  one.shutdown_on({SIGUSR1});
  {
    ta::task_manager other;
    other.shutdown_on({SIGUSR1});
    ::raise(SIGUSR1);
    BOOST_TEST(one.wait_for_shutdown().signal == SIGUSR1);
    BOOST_TEST(other.wait_for_shutdown().signal == SIGUSR1);
  }
  BOOST_TEST(!is_back(SIGUSR1));
  ta::task_manager listens;
  const auto next = [&heard]() -> ta::task<int> { co_return co_await heard.next(); };
  BOOST_TEST(listens.add_task({}, next).value().get() == SIGUSR1);
}

BOOST_AUTO_TEST_CASE(managers_end_while_signals_arrive) {
  const handler_before safe;
  std::atomic<bool> over{false};
  std::thread sends{[&] {
    while (!over) {
      ::kill(::getpid(), SIGUSR1);
      std::this_thread::yield();
    }
  }};
  int told = 0;
  for (int round = 0; round < 100; ++round) {
    ta::task_manager tasks{{.cancel_grace = 0ms}};
    tasks.shutdown_on({SIGUSR1}, patient);
    (void)tasks.add_task(endless, hanging);
    if (round % 2 == 0)
      tasks.shutdown_on({SIGUSR1, SIGUSR2}, patient);
    told += tasks.shutdown({.drain = 0s}).signal == SIGUSR1 ? 1 : 0;
  }
  over = true;
  sends.join();
  BOOST_TEST(told > 0);
  BOOST_TEST(is_back(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(a_wait_for_the_shutdown_hears_of_one_that_another_thread_begins) {
  ta::task_manager tasks{{.max_queue = 1}};
  const ta::event told;
  (void)tasks.add_task(endless, wait_for, std::cref(told));
  std::uint64_t completed = 0;
  std::thread ends{[&] { completed = tasks.shutdown(patient).completed; }};
  std::thread tells{[&] {
    until([&] { return is_stopping(tasks); });
    told.set();
  }};
  const auto report = tasks.wait_for_shutdown();
  ends.join();
  tells.join();
  BOOST_TEST(completed == 1u);
  BOOST_TEST(report.completed == 1u);
  BOOST_TEST(report.signal == 0);
  BOOST_TEST(tasks.wait_for_shutdown().completed == 1u);
}

BOOST_AUTO_TEST_CASE(a_body_may_not_block_in_it) {
  ta::task_manager tasks;
  const auto blocks = [&tasks]() -> ta::task<void> {
    (void)tasks.wait_for_shutdown();
    co_return;
  };
  BOOST_CHECK_EXCEPTION(tasks.add_task({}, blocks).value().get(), ta::error,
                        [](const ta::error& e) { return e.code() == ta::errc::would_block; });
}

/// A sink that nobody reads holds up no signal.
BOOST_AUTO_TEST_CASE(it_acts_first_and_speaks_after) {
  class stuck_sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    gate open;
    std::atomic<int> lines{0};

  private:
    void sink_it_(const spdlog::details::log_msg&) override {
      lines.fetch_add(1);
      open.pass();
    }
    void flush_() override {}
  };
  const handler_before safe;
  const auto sink = std::make_shared<stuck_sink>();
  ta::task_manager tasks{
      {.max_queue = 1, .cancel_grace = 1h, .logger = std::make_shared<spdlog::logger>("stuck", sink)}};
  tasks.shutdown_on({SIGUSR1}, patient);
  std::atomic<bool> begun{false};
  const auto rude = tasks.add_task(endless, defy, std::ref(begun)).value();
  until([&] { return begun.load(); });
  raise_first(tasks);
  until([&] { return sink->lines == 1; });
  ::raise(SIGUSR1);
  ::raise(SIGUSR1);
  BOOST_CHECK(rude.wait_outcome().state() == ta::state::cancelled);
  sink->open.open();
}

BOOST_AUTO_TEST_CASE(its_stages_take_their_times_by_the_managers_clock) {
  const handler_before safe;
  virtual_time world{{.max_queue = 1, .cancel_grace = 1h}};
  world.tasks.shutdown_on({SIGUSR1}, {.drain = 3s, .cancel = 2s, .kill = 1s});
  (void)world.tasks.add_task(endless, swallowing, nullptr);
  world.settle();
  raise_first(world.tasks);
  const auto start = world.now();
  const auto report = world.tasks.wait_for_shutdown();
  BOOST_CHECK(world.now() - start == 5s);
  BOOST_TEST(report.cancelled == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
