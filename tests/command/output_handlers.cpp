// Handlers of a command's output that block, wait for tasks, throw or end their thread: they hold up their
// own command and nothing else.
#include "lifecycle/bodies.hpp"
#include "support/gate.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <pthread.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

using namespace test;

namespace output_handlers {

/// Where handlers are held.
ta::command_options handled(bool by_line, std::function<void(ta::output_stream, std::string_view)> by) {
  ta::command_options options;
  (by_line ? options.on_line : options.on_output) = std::move(by);
  return options;
}

/// Real time, since that is what commands have.
void let_pass(std::chrono::nanoseconds time) {
  static ta::task_manager tasks;
  tasks.add_task({}, test::after, time, 1).value().wait();
}

/// All that others want of the thread that serves commands.
void others_go_on(ta::task_manager& tasks) {
  BOOST_TEST(tasks.run_command({}, {"echo", "x"}).value().get().out == "x\n");
  auto late = tasks.run_command({}, {"sleep", "1000"}, {.timeout = 20ms}).value();
  BOOST_TEST(late.get().timed_out);
  auto unwanted = tasks.run_command({.id = "unwanted"}, {"sleep", "1000"}).value();
  unwanted.cancel();
  BOOST_TEST(unwanted.wait_for(10s));
}

} // namespace output_handlers

BOOST_AUTO_TEST_SUITE(output_handlers)

BOOST_AUTO_TEST_CASE(one_that_blocks_holds_up_its_own_command) {
  for (const bool by_line : {true, false}) {
    ta::task_manager tasks{{.process_capacity = 8}};
    gate closed;
    auto options = handled(by_line, [&](ta::output_stream, std::string_view) { closed.pass(); });
    auto held = tasks.run_command({}, {"echo", "x"}, options).value();
    auto same = tasks.run_command({}, {"echo", "x"}, options).value();
    closed.wait_held(2);
    others_go_on(tasks);
    BOOST_TEST(!held.finished());
    closed.open();
    BOOST_TEST(held.get().success());
    BOOST_TEST(same.get().success());
  }
}

BOOST_AUTO_TEST_CASE(one_that_waits_for_a_task_or_a_command_gets_it) {
  ta::task_manager tasks;
  std::string inner;
  auto options = handled(true, [&](ta::output_stream, std::string_view line) {
    inner = tasks.run_command({}, {"echo", std::string{line}}).value().get().out;
    BOOST_TEST(tasks.add_task({}, test::after, 1ms, 7).value().get() == 7);
  });
  BOOST_TEST(tasks.run_command({}, {"echo", "in"}, options).value().get().success());
  BOOST_TEST(inner == "in\n");
}

BOOST_AUTO_TEST_CASE(what_it_throws_is_kept_and_so_is_that_it_has_ended_its_thread) {
  ta::task_manager tasks;
  for (const bool by_line : {true, false})
    for (const bool ends_thread : {true, false}) {
#if defined(__SANITIZE_ADDRESS__)
      if (ends_thread)
        continue; // it doesn't know how to unwind that
#endif
      std::atomic<int> called{0};
      auto options = handled(by_line, [&](ta::output_stream, std::string_view) {
        ++called;
        if (ends_thread)
          ::pthread_exit(nullptr);
        throw 5;
      });
      const auto all
          = tasks.run_command({}, {"sh", "-c", "echo a; echo b; echo c >&2; exec sleep 0.05"}, options);
      const auto result = all.value().get();
      BOOST_TEST(result.success());
      BOOST_TEST(called == 1);
      BOOST_REQUIRE(result.handler_error);
      try {
        std::rethrow_exception(result.handler_error);
      } catch (const std::system_error& e) {
        BOOST_TEST(ends_thread);
        BOOST_CHECK(e.code() == ta::errc::thread_ended);
      } catch (int) {
        BOOST_TEST(!ends_thread);
      }
    }
}

BOOST_AUTO_TEST_CASE(all_output_comes_in_order_whatever_the_handlers_pace) {
  ta::task_manager tasks;
  constexpr std::size_t size = 3'000'000;
  std::size_t bytes = 0;
  int calls = 0;
  auto options = handled(false, [&](ta::output_stream, std::string_view some) {
    bytes += some.size();
    if (++calls % 10 == 0)
      let_pass(1ms); // slower than the command
  });
  BOOST_TEST(tasks.run_command({}, {"head", "-c", std::to_string(size), "/dev/zero"}, options)
                 .value()
                 .get()
                 .success());
  BOOST_TEST(bytes == size);
  int lines = 0;
  bool in_order = true;
  auto by_line = handled(true, [&](ta::output_stream, std::string_view line) {
    in_order = in_order && line == std::to_string(++lines);
    if (lines % 5000 == 0)
      let_pass(2ms);
  });
  BOOST_TEST(tasks.run_command({}, {"seq", "200000"}, by_line).value().get().success());
  BOOST_TEST(lines == 200000);
  BOOST_TEST(in_order);
}

BOOST_AUTO_TEST_CASE(output_that_is_not_handled_waits_in_the_pipe) {
  ta::task_manager tasks;
  gate closed;
  std::size_t bytes = 0;
  const temporary_directory folder;
  const auto told = folder / "told";
  // It says what it was able to write within a while, and goes on.
  const std::string script = "import os, sys, threading\n"
                             "written = 0\n"
                             "def tell():\n"
                             "  with open(sys.argv[1] + '.new', 'w') as file: file.write(str(written))\n"
                             "  os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
                             "threading.Timer(0.3, tell).start()\n"
                             "while written < 4000000: written += os.write(1, b'x' * 4000)\n";
  auto options = handled(false, [&, first = true](ta::output_stream which, std::string_view some) mutable {
    if (which == ta::output_stream::err)
      return;
    bytes += some.size();
    if (std::exchange(first, false))
      closed.pass();
  });
  auto h = tasks.run_command({}, {"python3", "-c", script, told}, options).value();
  closed.wait_held(1);
  others_go_on(tasks);
  const auto bound = std::chrono::steady_clock::now() + 60s;
  while (!std::filesystem::exists(told) && std::chrono::steady_clock::now() < bound)
    let_pass(10ms);
  closed.open();
  BOOST_TEST(h.get().success());
  BOOST_TEST(bytes == 4'000'000u);
  std::size_t written = 0;
  BOOST_REQUIRE((std::ifstream{told} >> written));
  BOOST_TEST(written <= 1'000'000u); // what is kept, and what the pipe holds
}

BOOST_AUTO_TEST_CASE(an_end_at_any_moment_waits_for_the_handler_alone) {
  for (int step = 0; step < 20; ++step) {
    ta::task_manager tasks{{.cancel_grace = 20ms}};
    std::atomic<int> called{0};
    auto options = handled(true, [&](ta::output_stream, std::string_view) {
      ++called;
      let_pass(200us);
    });
    auto h
        = tasks.run_command({}, {"sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); done"}, options).value();
    let_pass(step * 1ms);
    if (step % 2 == 0)
      h.cancel();
    else
      (void)tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 10s});
    BOOST_TEST(h.wait_for(10s));
    BOOST_TEST(tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 10s}).clean());
    const int then = called;
    let_pass(1ms);
    BOOST_TEST(called == then); // nothing is handed out after the end
  }
}

BOOST_AUTO_TEST_SUITE_END()
