// What the page "Threads and commands" shows of commands.
#include <taskactor/taskactor.hpp>

#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace guide_pages {

ta::task<void> build(std::string log) {
  ta::command_options options;
  options.in = ta::command_stream::null();
  options.out = ta::command_stream::append(log); // made if there is none
  options.merge_stderr = true;
  options.umask = 022;
  options.stop_signal = SIGINT; // the first one, if it is cancelled
  const auto result = co_await ta::run_command({"sh", "-c", "echo built"}, std::move(options));
  if (!result.success())
    throw std::runtime_error{result.describe()};
}

ta::task<int> serve_for(std::chrono::nanoseconds time, ta::command_line server) {
  auto running = co_await ta::start_command(std::move(server));
  if (const auto result = co_await ta::move_on_after(time, running.ended()))
    co_return result->exit_code;
  running.signal(SIGHUP); // it is to finish what it does
  const auto result = co_await running.ended();
  co_return result.exit_code;
}

} // namespace guide_pages

using namespace guide_pages;

BOOST_AUTO_TEST_SUITE(guide_pages)

BOOST_AUTO_TEST_CASE(a_log_is_appended_to) {
  const test::temporary_directory folder;
  ta::task_manager tasks;
  for (int i = 0; i < 2; ++i)
    tasks.add_task({}, build, folder / "log").value().get();
  std::string one, two;
  std::ifstream{folder / "log"} >> one >> two;
  BOOST_TEST(one + ' ' + two == "built built");
}

BOOST_AUTO_TEST_CASE(a_server_is_told_to_finish) {
  ta::task_manager tasks;
  BOOST_TEST(tasks.add_task({}, serve_for, 1h, ta::command_line{"sh", "-c", "exit 4"}).value().get() == 4);
  // It may be told before it listens: then that signal is its end.
  const ta::command_line server{"sh", "-c", "trap 'exit 3' HUP; sleep 1000 & wait"};
  const int code = tasks.add_task({}, serve_for, 50ms, server).value().get();
  BOOST_TEST((code == 3 || code == -1));
}

BOOST_AUTO_TEST_SUITE_END()
