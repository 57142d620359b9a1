// Workers' lives: started ahead, ended by their limits, dying at their start, and what is told of it.
#include <boost/test/unit_test.hpp>
#include <taskactor/named_tasks.hpp>
#include <taskactor/taskactor.hpp>

#include "support/environment_variable.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace worker_life {

/// In a worker of a test that asks for it: dies before it is one.
const bool dies_at_start = [] {
  if (std::getenv("TASKACTOR_WORKER") && std::getenv("TEST_DIES_AT_START")) {
    std::cerr << "no such licence" << std::endl;
    ::_exit(9);
  }
  return false;
}();

int process_number() { return static_cast<int>(::getpid()); }
int keep(std::size_t bytes) {
  static std::vector<std::vector<char>> kept;
  kept.emplace_back(bytes, 'x');
  return process_number();
}
void leave(int code) { ::_exit(code); }
int allocate(std::size_t bytes) { return std::vector<char>(bytes, 'x').back(); }
void spin() {
  while (::getpid() != 0)
    continue;
}
/// How many descriptors can be opened, at most a thousand.
int open_many() {
  std::vector<std::ifstream> files;
  while (files.size() < 1000 && files.emplace_back("/dev/null"))
    continue;
  return static_cast<int>(files.size());
}
int niceness() { return ::getpriority(PRIO_PROCESS, 0); }
TASKACTOR_REGISTER_AS(allocate, "limited.allocate", {.process = {.memory = std::size_t{64} << 20}});
TASKACTOR_REGISTER_AS(spin, "limited.spin", {.process = {.cpu = 1s}});
TASKACTOR_REGISTER_AS(open_many, "limited.open_many", {.process = {.open_files = 40}});
TASKACTOR_REGISTER_AS(niceness, "limited.niceness", {.process = {.niceness = 5}});
TASKACTOR_REGISTER_AS(allocate, "unlimited.allocate");
TASKACTOR_REGISTER_AS(open_many, "unlimited.open_many");
TASKACTOR_REGISTER_AS(niceness, "unlimited.niceness");
TASKACTOR_REGISTER(process_number);
TASKACTOR_REGISTER(keep);
TASKACTOR_REGISTER(leave);

template <class F>
void wait_until(F what) {
  while (!what())
    std::this_thread::yield();
}

std::vector<ta::handle<int>> begin_calls(ta::task_manager& tasks, int count) {
  std::vector<ta::handle<int>> all;
  for (int i = 0; i < count; ++i)
    all.push_back(tasks.run_in_process({}, process_number).value());
  return all;
}

} // namespace worker_life

BOOST_AUTO_TEST_SUITE(worker_life)

BOOST_AUTO_TEST_CASE(workers_are_started_ahead_of_their_calls) {
  ta::task_manager tasks{{.process_capacity = 2}};
  BOOST_TEST(tasks.prestart_workers(1) == 1u);
  BOOST_TEST(tasks.prestart_workers(1) == 0u);
  BOOST_TEST(tasks.prestart_workers(100) == 1u); // no more than may run
  BOOST_TEST(tasks.statistics().workers.idle == 2u);
  wait_until([&] { return tasks.statistics().workers.memory > 0; });
  BOOST_TEST(tasks.run_in_process({}, process_number).value().get() != ::getpid());
  BOOST_TEST(tasks.statistics().workers.started == 2u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_has_grown_too_large_ends_after_its_call) {
  ta::task_manager tasks{{.process_capacity = 1, .workers = {.max_memory = std::size_t{512} << 20}}};
  const int first = tasks.run_in_process({}, keep, 1000U).value().get();
  BOOST_TEST(tasks.run_in_process({}, keep, std::size_t{600} << 20).value().get() == first);
  BOOST_TEST(tasks.run_in_process({}, keep, 1000U).value().get() != first);
  const auto now = tasks.statistics().workers;
  BOOST_TEST(now.retired_memory == 1u);
  BOOST_TEST(now.lost == 0u);
}

BOOST_AUTO_TEST_CASE(workers_that_die_at_their_start_are_not_started_over_and_over) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const auto call = [&] { return tasks.run_in_process({}, process_number).value().wait_outcome(); };
  std::optional<test::environment_variable> now{std::in_place, "TEST_DIES_AT_START", "1"};
  const auto held_back = [](const ta::outcome<int>& end) {
    return end.error().message().find("the next is started in") != std::string::npos;
  };
  std::size_t died = 0;
  auto refused = call();
  // Each pause is longer than the one before: some call comes within one.
  for (; !held_back(refused) && died < 10; refused = call()) {
    ++died;
    const auto text = refused.error().message();
    BOOST_TEST(text.find("exit code 9; its last words: no such licence") != std::string::npos, text);
  }
  BOOST_TEST(died >= 3u);
  BOOST_TEST(held_back(refused));
  BOOST_TEST(refused.error().message().find("no such licence") != std::string::npos);
  try {
    refused.value();
  } catch (const std::system_error& error) {
    BOOST_CHECK(error.code() == ta::errc::worker_not_started);
  }
  BOOST_TEST(tasks.statistics().workers.started == died);
  now.reset();
  wait_until([&] { return call().has_value(); }); // the pause is over
  BOOST_TEST(tasks.statistics().workers.started == died + 1);
}

BOOST_AUTO_TEST_CASE(calls_wait_while_workers_that_were_able_to_start_are_not) {
  constexpr std::size_t at_once = 8;
  ta::task_manager tasks{{.process_capacity = at_once}};
  const auto call = [&](ta::task_options how = {}) {
    return tasks.run_in_process(std::move(how), process_number).value();
  };
  tasks.run_in_process({}, leave, 4).value().wait();
  std::optional<test::environment_variable> now{std::in_place, "TEST_DIES_AT_START", "1"};
  const auto cancelled = call();
  const auto late = call({.timeout = 50ms});
  const auto all = begin_calls(tasks, 100);
  wait_until([&] { return tasks.statistics().workers.started > at_once; });
  cancelled.cancel();
  BOOST_CHECK(cancelled.wait_outcome().state() == ta::state::cancelled);
  BOOST_CHECK(late.wait_outcome().state() == ta::state::timed_out);
  now.reset();
  for (const auto& each : all)
    BOOST_CHECK(each.wait_outcome().state() == ta::state::completed);
  BOOST_TEST(tasks.statistics().process.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(calls_do_not_wait_for_ever_for_workers_that_can_not_start) {
  ta::task_manager tasks{{.process_capacity = 2}};
  tasks.run_in_process({}, leave, 4).value().wait();
  const test::environment_variable now{"TEST_DIES_AT_START", "1"};
  for (const auto& each : begin_calls(tasks, 20)) {
    const auto text = each.wait_outcome().error().message();
    BOOST_TEST(text.find("no such licence") != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_calls_that_wait_for_a_worker) {
  ta::task_manager tasks{{.process_capacity = 2}};
  tasks.run_in_process({}, leave, 4).value().wait();
  const test::environment_variable now{"TEST_DIES_AT_START", "1"};
  const auto all = begin_calls(tasks, 5);
  wait_until([&] { return tasks.statistics().workers.started > 3; });
  BOOST_CHECK(tasks.shutdown({.drain = 0s, .cancel = 20s}).clean());
  for (const auto& each : all)
    BOOST_CHECK(each.wait_outcome().state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(starts_ends_and_deaths_are_events) {
  std::mutex mutex;
  std::map<ta::event_kind, std::vector<ta::task_event>> seen;
  ta::task_manager tasks{{.process_capacity = 1, .workers = {.max_calls = 2}}};
  const auto watch = tasks.observe([&](const ta::task_event& what) {
    const std::lock_guard lock{mutex};
    seen[what.kind].push_back(what);
  });
  const auto count = [&](ta::event_kind kind) {
    const std::lock_guard lock{mutex};
    return seen[kind].size();
  };
  const int first = tasks.run_in_process({}, process_number).value().get();
  tasks.run_in_process({}, process_number).value().get();
  tasks.run_in_process({}, leave, 4).value().wait();
  wait_until(
      [&] { return count(ta::event_kind::worker_ended) == 1 && count(ta::event_kind::worker_lost) == 1; });
  const auto all = [&] { // others may still come
    const std::lock_guard lock{mutex};
    return seen;
  }();
  BOOST_TEST(count(ta::event_kind::worker_started) == 2u);
  BOOST_TEST(all.at(ta::event_kind::worker_started)[0].id == "worker-" + std::to_string(first));
  BOOST_TEST(all.at(ta::event_kind::worker_ended)[0].id == "worker-" + std::to_string(first));
  BOOST_TEST(all.at(ta::event_kind::worker_ended)[0].text == "it has served workers.max_calls");
  BOOST_TEST(all.at(ta::event_kind::worker_lost)[0].text == "exit code 4");
  BOOST_TEST(tasks.statistics().workers.retired_calls == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_has_the_limits_of_its_registration_and_the_next_has_not) {
  ta::task_manager tasks{{.process_capacity = 1}};
  const auto call = [&](const char* name, const ta::json& arguments = ta::json::array()) {
    return ta::add_named(tasks, {.where = ta::run_where::process}, name, arguments).value().wait_outcome();
  };
  BOOST_TEST(call("limited.open_many").value().get<int>() < 40);
  BOOST_TEST(call("unlimited.open_many").value() == 1000);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const std::size_t much = std::size_t{256} << 20;
  const auto refused = call("limited.allocate", {much});
  BOOST_TEST(refused.error().message().find("std::bad_alloc") != std::string::npos,
             refused.error().message());
  BOOST_TEST(call("limited.allocate", {1000}).value() == 'x');
  BOOST_TEST(call("unlimited.allocate", {much}).value() == 'x');
#endif
  BOOST_TEST(tasks.statistics().workers.started == 1u);
  const int ours = ::getpriority(PRIO_PROCESS, 0);
  BOOST_TEST(call("limited.niceness").value() == std::min(ours + 5, 19));
  BOOST_TEST(call("unlimited.niceness").value() == ours);
  BOOST_TEST(tasks.statistics().workers.started == 2u);
  BOOST_TEST(tasks.statistics().workers.lost == 0u);
  const auto killed = call("limited.spin");
  BOOST_TEST(killed.error().message().find("signal 24 (XCPU)") != std::string::npos,
             killed.error().message());
}

BOOST_AUTO_TEST_CASE(limits_that_mean_nothing_are_refused_where_they_are_registered) {
  ta::registry all;
  BOOST_CHECK_THROW(all.add(niceness, "a", {.process = {.niceness = 20}}), std::system_error);
  BOOST_CHECK_THROW(all.add(niceness, "b", {.process = {.memory = 0}}), std::system_error);
  BOOST_CHECK_THROW(all.add(niceness, "c", {.process = {.cpu = 0s}}), std::system_error);
  BOOST_CHECK_THROW(all.add(niceness, "d", {.process = {.open_files = 0}}), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
