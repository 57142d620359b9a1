// Commands that a task talks to while they run.
#include "fixture.hpp"
#include "support/soft_limit.hpp"

#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace process_test;

BOOST_AUTO_TEST_SUITE(talks)

namespace {

using stream = ta::command_stream;

ta::command_line shell(std::string script) { return {"sh", "-c", std::move(script)}; }

/// Says "ready", and then nothing until it is killed.
ta::command_line stubborn() { return shell("trap '' TERM; echo ready; exec sleep 1000"); }

struct world {
  ta::task_manager tasks{{.process_capacity = 4, .cancel_grace = 1min}};
  std::promise<int> told;

  world() = default;
  explicit world(ta::manager_options options) : tasks(std::move(options)) {}

  template <class F>
  auto run(F body) {
    return tasks.add_task({.timeout = ta::no_timeout}, std::move(body)).value().get();
  }
  int wait_told() {
    auto heard = told.get_future();
    BOOST_REQUIRE(heard.wait_for(patience) == std::future_status::ready);
    return heard.get();
  }
};

/// Reaped: its number is nobody's, or another's that isn't ours.
bool is_reaped(int pid) { return ::waitpid(pid, nullptr, WNOHANG) == -1 && errno == ECHILD; }

std::error_code code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_program_is_talked_to_line_by_line) {
  world w;
  const auto body = []() -> ta::task<std::vector<std::string>> {
    std::vector<std::string> heard;
    auto adder = co_await ta::start_command(shell("while read a b; do echo $((a + b)); done; exit 4"));
    for (const char* sum : {"1 2\n", "20 22\n", "-5 5\n"}) {
      co_await adder.write(sum);
      const auto line = co_await adder.read_line();
      heard.push_back(line.value_or("nothing"));
    }
    adder.input().close();
    const auto end = co_await adder.read_line();
    heard.push_back(end.value_or("the end"));
    const auto result = co_await adder.ended();
    heard.push_back(result.describe());
    const auto again = co_await adder.ended();
    heard.push_back(again.describe());
    co_return heard;
  };
  const std::vector<std::string> expected{"3", "42", "0", "the end", "exit code 4", "exit code 4"};
  BOOST_TEST(w.run(body) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(its_ends_are_descriptors_and_errors_are_kept) {
  world w;
  const auto body = []() -> ta::task<std::string> {
    auto cat = co_await ta::start_command(shell("echo oops >&2; exec cat"));
    const auto big = std::string(300'000, 'x');
    const auto feed = [&]() -> ta::task<void> {
      co_await ta::write_all(cat.input(), big);
      cat.input().close();
    };
    std::size_t got = 0;
    const auto drain = [&]() -> ta::task<void> {
      for (;;) {
        co_await ta::readable(cat.output());
        const auto piece = co_await cat.read_some();
        if (piece.empty())
          co_return;
        got += piece.size();
      }
    };
    const auto both = [&](ta::task_group& group) -> ta::task<void> {
      group.start(feed);
      group.start(drain);
      co_return;
    };
    co_await ta::with_group(both);
    const auto result = co_await cat.ended();
    co_return std::to_string(got) + ' ' + result.err + result.out + (cat.errors() ? "open" : "none");
  };
  BOOST_TEST(w.run(body) == "300000 oops\nnone");
}

BOOST_AUTO_TEST_CASE(streams_can_be_other_things) {
  world w;
  const temporary_directory folder;
  const auto body = [&]() -> ta::task<std::string> {
    ta::command_options options;
    options.stdin_data = "text";
    options.out = stream::truncate(folder / "log");
    options.err = stream::pipe();
    auto cat = co_await ta::start_command(shell("cat; echo wrong >&2"), std::move(options));
    ta::line_reader errors{cat.errors()};
    const auto line = co_await errors.next();
    const auto result = co_await cat.ended();
    co_return line.value_or("nothing") + (cat.input() || cat.output() ? " open" : " none") + result.err;
  };
  BOOST_TEST(w.run(body) == "wrong none");
  BOOST_TEST(w.run([&]() -> ta::task<std::string> {
    ta::command_options options;
    options.in = stream::read(folder / "log");
    const auto done = co_await ta::run_command({"cat"}, std::move(options));
    co_return done.out;
  }) == "text");
}

BOOST_AUTO_TEST_CASE(what_it_has_written_can_be_read_after_its_end) {
  world w;
  const auto body = []() -> ta::task<std::string> {
    auto echo = co_await ta::start_command({"echo", "late"});
    const auto result = co_await echo.ended();
    const auto line = co_await echo.read_line();
    co_return line.value_or("nothing") + ' ' + result.describe();
  };
  BOOST_TEST(w.run(body) == "late exit code 0");
}

BOOST_AUTO_TEST_CASE(what_can_not_be_started_is_an_error) {
  world w;
  const auto start = [&](ta::command_line argv, ta::command_options options) {
    return code_of([&] {
      w.run([&]() -> ta::task<void> {
        const auto never = co_await ta::start_command(argv, options);
        (void)never;
      });
    });
  };
  BOOST_CHECK(start({"no-such-program"}, {}) == ta::errc::command_not_found);
  BOOST_CHECK(start({"/etc/passwd"}, {}) == ta::errc::command_not_executable);
  BOOST_CHECK(start({}, {}) == ta::errc::invalid_argument);
  BOOST_CHECK(start({"true"}, {.timeout = 0s}) == ta::errc::invalid_argument);
  BOOST_CHECK(start({"true"}, {.out = stream::truncate("/no/such/file")}) == ta::errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(signals_reach_the_process_or_the_group_and_none_that_has_ended) {
  world w;
  const auto body = []() -> ta::task<std::string> {
    auto one = co_await ta::start_command(shell("trap 'echo got; exit 3' USR1; echo ready; read x"));
    (void)co_await one.read_line();
    one.signal(SIGUSR1);
    const auto got = co_await one.read_line();
    const auto end = co_await one.ended();
    const auto refused = code_of([&] { one.signal(SIGUSR1); });
    const auto of_group = code_of([&] { one.signal_group(SIGKILL); });
    const auto wrong = code_of([&] { one.signal(0); });
    auto group
        = co_await ta::start_command(shell("trap : HUP; sh -c 'echo ready; exec sleep 1000'; echo $?"));
    (void)co_await group.read_line();
    group.signal_group(SIGHUP);
    const auto status = co_await group.read_line();
    const bool typed = refused == ta::errc::command_ended && of_group == ta::errc::command_ended
                       && wrong == ta::errc::invalid_argument;
    co_return got.value_or("nothing") + ' ' + end.describe() + ' ' + status.value_or("nothing")
        + (typed ? " typed" : " other errors");
  };
  BOOST_TEST(w.run(body) == "got exit code 3 129 typed");
}

BOOST_AUTO_TEST_CASE(stop_sends_its_own_signal_then_kill) {
  world w;
  const auto body = []() -> ta::task<std::string> {
    ta::command_options polite;
    polite.stop_signal = SIGINT;
    auto one = co_await ta::start_command(shell("trap 'exit 5' INT; echo ready; sleep 1000 & wait"),
                                          std::move(polite));
    (void)co_await one.read_line();
    const auto first = co_await one.stop();
    ta::command_options impatient;
    impatient.grace = 10ms;
    auto two = co_await ta::start_command(stubborn(), std::move(impatient));
    (void)co_await two.read_line();
    const auto second = co_await two.stop();
    ta::command_options at_once;
    at_once.grace = 0s;
    auto three = co_await ta::start_command(stubborn(), std::move(at_once));
    const auto third = co_await three.stop();
    const auto again = co_await three.stop();
    co_return first.describe() + ", " + second.describe() + ", " + third.describe() + ", " + again.describe();
  };
  BOOST_TEST(
      w.run(body)
      == "exit code 5, killed by signal 9 (KILL), killed by signal 9 (KILL), killed by signal 9 (KILL)");
}

BOOST_AUTO_TEST_CASE(its_time_is_up_while_the_body_does_something_else) {
  world w;
  const auto body = []() -> ta::task<bool> {
    ta::command_options options;
    options.timeout = 20ms;
    auto one = co_await ta::start_command({"sleep", "1000"}, std::move(options));
    (void)co_await one.read_line(); // until its end
    const auto result = co_await one.ended();
    co_return result.timed_out&& result.term_signal == SIGTERM;
  };
  BOOST_TEST(w.run(body));
}

BOOST_AUTO_TEST_CASE(a_wait_for_its_end_that_is_given_up_leaves_it_running) {
  world w;
  const auto body = []() -> ta::task<std::string> {
    auto cat = co_await ta::start_command({"cat"});
    const auto none = co_await ta::move_on_after(10ms, cat.ended());
    co_await cat.write("still there\n");
    const auto line = co_await cat.read_line();
    cat.input().close();
    const auto result = co_await cat.ended();
    co_return (none ? "ended " : "") + line.value_or("nothing") + ' ' + result.describe();
  };
  BOOST_TEST(w.run(body) == "still there exit code 0");
}

BOOST_AUTO_TEST_CASE(several_tasks_wait_for_its_end) {
  world w;
  const auto body = []() -> ta::task<int> {
    auto cat = co_await ta::start_command(shell("read x; exit 6"));
    std::vector<int> codes;
    const auto wait = [&]() -> ta::task<int> {
      const auto result = co_await cat.ended();
      co_return result.exit_code;
    };
    const auto all = [&](ta::task_group& group) -> ta::task<int> {
      auto one = group.add_task({}, wait).value();
      auto two = group.add_task({}, wait).value();
      co_await cat.write("\n");
      const int first = co_await one;
      const int second = co_await two;
      co_return first + second;
    };
    const int sum = co_await ta::with_group(all);
    co_return sum;
  };
  BOOST_TEST(w.run(body) == 12);
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_has_left_the_group_may_keep_the_pipe) {
  world w;
  int grandchild = 0;
  const auto body = [&]() -> ta::task<int> {
    auto one = co_await ta::start_command(shell("setsid sh -c 'echo $$; exec sleep 1000' & read x; exit 3"));
    const auto line = co_await one.read_line();
    grandchild = std::stoi(line.value_or("0"));
    co_await one.write("\n");
    const auto result = co_await one.ended(); // its end, not that of its output
    co_return result.exit_code;
  };
  BOOST_TEST(w.run(body) == 3);
  BOOST_REQUIRE(grandchild > 1);
  ::kill(grandchild, SIGKILL);
}

// -- whose it is ------------------------------------------------------------

/// Each way in which a body can wait when it is cancelled; the command is one that doesn't answer.
BOOST_AUTO_TEST_CASE(its_task_ends_after_it_whatever_the_body_waits_for) {
  using awaits = std::function<ta::task<void>(ta::started_command&)>;
  const std::vector<std::pair<std::string, awaits>> waits{
      {"a line", [](ta::started_command& it) -> ta::task<void> { (void)co_await it.read_line(); }},
      {"a piece", [](ta::started_command& it) -> ta::task<void> { (void)co_await it.read_some(); }},
      {"room",
       [](ta::started_command& it) -> ta::task<void> { co_await it.write(std::string(1 << 20, 'x')); }},
      {"its end", [](ta::started_command& it) -> ta::task<void> { (void)co_await it.ended(); }},
      {"stop", [](ta::started_command& it) -> ta::task<void> { (void)co_await it.stop(); }},
      {"something else", [](ta::started_command&) -> ta::task<void> { co_await ta::sleep_for(24h); }},
  };
  for (const auto& [name, wait] : waits) {
    BOOST_TEST_CONTEXT(name) {
      world w;
      const auto body = [&]() -> ta::task<void> {
        ta::command_options options;
        options.grace = 10ms;
        auto one = co_await ta::start_command(stubborn(), std::move(options));
        (void)co_await one.read_line();
        w.told.set_value(one.pid());
        co_await wait(one);
      };
      auto h = w.tasks.add_task({.id = "x", .timeout = ta::no_timeout}, body).value();
      const int pid = w.wait_told();
      w.tasks.cancel_task("x");
      h.wait();
      BOOST_TEST(is_reaped(pid));
      BOOST_CHECK(h.state()
                  == (name == "stop" ? ta::state::completed : ta::state::cancelled)); // which has ended
    }
  }
}

BOOST_AUTO_TEST_CASE(a_start_that_is_cancelled_leaves_nothing) {
  world w{{.process_capacity = 1, .cancel_grace = 1min}};
  const auto first = [&]() -> ta::task<void> {
    auto cat = co_await ta::start_command({"cat"});
    w.told.set_value(cat.pid());
    (void)co_await cat.ended();
  };
  const auto second = []() -> ta::task<void> { const auto none = co_await ta::start_command({"cat"}); };
  auto holds = w.tasks.add_task({.id = "holds", .timeout = ta::no_timeout}, first).value();
  const int pid = w.wait_told();
  auto waits = w.tasks.add_task({.id = "waits", .timeout = ta::no_timeout}, second).value();
  while (w.tasks.statistics().process.waiting == 0) // the other one holds the only token
    std::this_thread::yield();
  w.tasks.cancel_task("waits");
  waits.wait();
  BOOST_CHECK(waits.state() == ta::state::cancelled);
  w.tasks.cancel_task("holds");
  holds.wait();
  BOOST_TEST(is_reaped(pid));
}

BOOST_AUTO_TEST_CASE(an_exception_and_a_scopes_end_take_it_along) {
  world w;
  int pid = 0;
  const auto throws = [&]() -> ta::task<void> {
    auto cat = co_await ta::start_command({"cat"});
    pid = cat.pid();
    throw std::runtime_error{"boom"};
  };
  BOOST_CHECK_THROW(w.run(throws), std::runtime_error);
  BOOST_TEST(is_reaped(pid));
  const auto goes_on = [&]() -> ta::task<std::string> {
    {
      auto cat = co_await ta::start_command({"cat"});
      pid = cat.pid();
    }
    auto other = co_await ta::start_command({"cat"});
    const auto assigned = other.pid();
    other = co_await ta::start_command({"echo", "x"});
    const auto line = co_await other.read_line();
    co_return line.value_or("nothing") + (assigned != other.pid() ? "" : " same");
  };
  BOOST_TEST(w.run(goes_on) == "x");
  BOOST_TEST(is_reaped(pid));
}

BOOST_AUTO_TEST_CASE(one_that_is_given_away_ends_with_its_task_all_the_same) {
  world w;
  auto one = w.run([]() -> ta::task<ta::started_command> {
    auto cat = co_await ta::start_command({"cat"});
    co_return cat;
  });
  BOOST_TEST(is_reaped(one.pid()));
  BOOST_CHECK(code_of([&] { one.signal(SIGTERM); }) == ta::errc::command_ended);
  const auto other = std::move(one);
  BOOST_CHECK(code_of([&] { (void)one.pid(); }) == ta::errc::invalid_argument); // NOLINT
}

BOOST_AUTO_TEST_CASE(a_body_that_is_killed_takes_it_along) {
  world w{{.process_capacity = 4, .cancel_grace = 50ms}};
  const auto body = [&]() -> ta::task<void> {
    ta::command_options options;
    options.grace = 1h;
    auto one = co_await ta::start_command(stubborn(), std::move(options));
    (void)co_await one.read_line();
    w.told.set_value(one.pid());
    co_await ta::shield(one.ended());
  };
  auto h = w.tasks.add_task({.id = "x", .timeout = ta::no_timeout}, body).value();
  const int pid = w.wait_told();
  w.tasks.cancel_task("x");
  h.wait();
  BOOST_TEST(w.tasks.shutdown({.drain = 5s}).clean());
  BOOST_TEST(is_reaped(pid));
}

/// The body has unwound and has asked the command to end, whose own grace is longer than the task's.
BOOST_AUTO_TEST_CASE(a_task_that_is_killed_after_its_body_takes_it_along) {
  world w{{.process_capacity = 4, .cancel_grace = 50ms}};
  const auto body = [&]() -> ta::task<void> {
    ta::command_options options;
    options.grace = 1h;
    auto one = co_await ta::start_command(stubborn(), std::move(options));
    (void)co_await one.read_line();
    w.told.set_value(one.pid());
    (void)co_await one.ended();
  };
  auto h = w.tasks.add_task({.id = "x", .timeout = ta::no_timeout}, body).value();
  const int pid = w.wait_told();
  w.tasks.cancel_task("x");
  h.wait();
  BOOST_TEST(w.tasks.shutdown({.drain = 20s, .cancel = 0s, .kill = 0s}).clean());
  BOOST_TEST(is_reaped(pid));
}

BOOST_AUTO_TEST_CASE(a_manager_that_ends_takes_it_along) {
  int pid = 0;
  {
    world w{{.process_capacity = 4, .cancel_grace = 50ms}};
    const auto body = [&]() -> ta::task<void> {
      auto one = co_await ta::start_command(stubborn());
      (void)co_await one.read_line();
      w.told.set_value(one.pid());
      (void)co_await one.ended();
    };
    (void)w.tasks.add_task({.id = "x", .timeout = ta::no_timeout}, body).value();
    pid = w.wait_told();
    w.tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 5s});
  }
  BOOST_TEST(is_reaped(pid));
}

// -- shortages --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(without_a_descriptor_it_is_not_started_and_none_is_lost) {
  world w;
  const auto body = []() -> ta::task<void> {
    auto one = co_await ta::start_command({"true"});
    (void)co_await one.ended();
  };
  w.run(body); // what is made once is there
  const auto before = open_descriptors();
  {
    const test::soft_limit few{RLIMIT_NOFILE, before - 1};
    BOOST_CHECK(code_of([&] { w.run(body); }) == ta::errc::command_not_started);
  }
  w.run(body);
  BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
