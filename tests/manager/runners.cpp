// Where a body runs: on its task's actor, on a thread, or in another process, as options say.
#include <boost/test/unit_test.hpp>
#include <taskactor/named_tasks.hpp>
#include <taskactor/taskactor.hpp>

#include "support/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>

#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace runners {

struct place {
  int process = 0;
  std::string thread;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(place, process, thread);

std::string thread_name() {
  std::string name;
  std::getline(std::ifstream{"/proc/thread-self/comm"}, name);
  return name;
}
place where_am_i() { return {static_cast<int>(::getpid()), thread_name()}; }
ta::task<int> later_where(int add) { co_return static_cast<int>(::getpid()) + add; }
int through_pointer(const int* n) { return *n; }
/// Dies until it has been tried three times.
int third_time(const std::string& folder) {
  const auto tries = std::filesystem::file_size(folder + "/tries");
  std::ofstream{folder + "/tries", std::ios::app} << 'x' << std::flush;
  if (tries < 2)
    ::_exit(1);
  return static_cast<int>(tries);
}
/// Notes that it has begun, and that it was stopped.
int until_stopped(std::stop_token stop, const std::string& folder) {
  std::ofstream{folder + "/begun"} << "yes";
  while (!stop.stop_requested())
    std::this_thread::yield();
  std::ofstream{folder + "/stopped"} << "yes";
  return 1;
}
TASKACTOR_REGISTER_AS(where_am_i, "where");
TASKACTOR_REGISTER_AS(where_am_i, "where.process", {.options = {.where = ta::run_where::process}});
TASKACTOR_REGISTER(later_where);
TASKACTOR_REGISTER(third_time);
TASKACTOR_REGISTER(until_stopped);

const int here = static_cast<int>(::getpid());

int process_of(ta::task_manager& tasks, ta::task_options options, const char* name) {
  return ta::add_named(tasks, std::move(options), name).value().get().at("process").get<int>();
}

template <class E>
std::string refusal(const E& made) {
  BOOST_REQUIRE(!made);
  BOOST_CHECK(made.error().code == ta::errc::invalid_argument);
  return made.error().message;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

} // namespace runners

BOOST_AUTO_TEST_SUITE(runners)

BOOST_AUTO_TEST_CASE(a_function_runs_where_its_options_say) {
  ta::task_manager tasks;
  BOOST_TEST(tasks.add_task({}, where_am_i).value().get().process == here);
  BOOST_TEST(tasks.add_task({.where = ta::run_where::task}, where_am_i).value().get().process == here);
  const auto thread = tasks.add_task({.where = ta::run_where::thread}, where_am_i).value().get();
  BOOST_TEST(thread.process == here);
  BOOST_TEST(tasks.statistics().threads == 1u);
  BOOST_TEST(tasks.add_task({.where = ta::run_where::process}, where_am_i).value().get().process != here);
  BOOST_TEST(tasks.add_task({.where = ta::run_where::process}, later_where, 0).value().get() != here);
}

BOOST_AUTO_TEST_CASE(what_can_not_run_there_is_refused_with_a_reason) {
  ta::task_manager tasks;
  const ta::task_options process{.where = ta::run_where::process};
  const ta::task_options thread{.where = ta::run_where::thread};
  BOOST_TEST(contains(refusal(tasks.add_task(process, [] { return 1; })), "only a registered function"));
  const int n = 1;
  BOOST_TEST(contains(refusal(tasks.add_task(process, through_pointer, &n)), "values or const references"));
  BOOST_TEST(contains(refusal(tasks.add_task(thread, later_where, 1)), "a coroutine"));
  BOOST_TEST(
      contains(refusal(ta::add_named(tasks, thread, "later_where", {1})), "\"later_where\" is a coroutine"));
  BOOST_TEST(contains(refusal(tasks.run_in_thread(process, where_am_i)), "only add_task and add_named"));
  const auto unknown = tasks.add_task(process, thread_name).value().wait_outcome();
  BOOST_TEST(contains(unknown.error().message(), "TASKACTOR_REGISTER"));
}

BOOST_AUTO_TEST_CASE(a_named_task_runs_where_it_is_registered_to_or_its_caller_says) {
  ta::task_manager tasks;
  BOOST_TEST(process_of(tasks, {}, "where") == here);
  BOOST_TEST(process_of(tasks, {.where = ta::run_where::thread}, "where") == here);
  BOOST_TEST(process_of(tasks, {.where = ta::run_where::process}, "where") != here);
  BOOST_TEST(process_of(tasks, {}, "where.process") != here);
  BOOST_TEST(process_of(tasks, {.where = ta::run_where::task}, "where.process") == here);
  const auto wrong = ta::add_named(tasks, {.where = ta::run_where::process}, "later_where", {"x"});
  BOOST_REQUIRE(!wrong);
  BOOST_CHECK(wrong.error().code == ta::errc::bad_arguments);
}

BOOST_AUTO_TEST_CASE(a_crash_is_retried) {
  const test::temporary_directory folder;
  ta::task_manager tasks;
  for (const bool by_name : {true, false}) {
    std::ofstream{folder / "tries"} << "";
    ta::task_options options{.where = ta::run_where::process};
    options.retry = ta::retry{.max_attempts = 3, .backoff = {.first = 1ms}};
    if (by_name)
      BOOST_CHECK(ta::add_named(tasks, options, "third_time", {folder.path()}).value().get() == 2);
    else
      BOOST_TEST(tasks.add_task(options, third_time, folder.path()).value().get() == 2);
  }
  BOOST_TEST(tasks.statistics().workers.lost == 4u);
}

BOOST_AUTO_TEST_CASE(a_stop_token_tells_it_to_end_wherever_it_runs) {
  for (const auto where : {ta::run_where::task, ta::run_where::thread, ta::run_where::process}) {
    const test::temporary_directory folder;
    ta::task_manager tasks{{.cancel_grace = 1min}};
    const auto run = ta::add_named(tasks, {.where = where}, "until_stopped", {folder.path()}).value();
    while (!std::filesystem::exists(folder / "begun"))
      std::this_thread::yield();
    run.cancel();
    BOOST_CHECK(run.get() == 1); // it has heard of it, and has come to its end
    BOOST_TEST(std::filesystem::exists(folder / "stopped"));
    BOOST_TEST(tasks.statistics().workers.lost == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_stop_token_is_no_argument_of_a_call) {
  const test::temporary_directory folder;
  ta::task_manager tasks{{.cancel_grace = 1min}};
  const auto run = tasks.run_in_process({}, until_stopped, folder.path()).value();
  while (!std::filesystem::exists(folder / "begun"))
    std::this_thread::yield();
  run.cancel();
  BOOST_TEST(run.get() == 1);
  BOOST_TEST(ta::registry::global().find("until_stopped")->signature() == "(string) -> int");
}

BOOST_AUTO_TEST_SUITE_END()
