// When there is no more of something: threads, processes, descriptors, room in files.
#include "fixture.hpp"
#include "scarcity.hpp"

#include "command/group_table.hpp"
#include "command/watchdog_image.hpp"
#include "transport/link.hpp"

#include "support/soft_limit.hpp"

#include <taskactor/actors/messages.hpp>
#include <taskactor/actors/request.hpp>
#include <taskactor/detail/caf_message.hpp>
#include <taskactor/node/node.hpp>
#include <taskactor/run_command.hpp>
#include <taskactor/run_in_thread.hpp>
#include <taskactor/sleep.hpp>
#include <taskactor/task_manager.hpp>

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace shortages_messages {

struct number {
  std::shared_ptr<int> value;
};

} // namespace shortages_messages

TASKACTOR_LOCAL_MESSAGES_BEGIN(shortages_messages, 5910)
TASKACTOR_LOCAL_MESSAGE(shortages_messages, shortages_messages::number)
TASKACTOR_LOCAL_MESSAGES_END(shortages_messages)

using namespace process_test;
using scarcity::kind;
using scarcity::shortage;

namespace shortages {

constexpr int all_errors[] = {EAGAIN, ENOMEM, EMFILE, ENFILE};

/// How many threads there are when all that end have ended: none has for a while.
int threads_that_stay() {
  int least = scarcity::threads();
  auto since = std::chrono::steady_clock::now();
  constexpr int enough = 1000;
  for (int looks = 0; looks < enough || std::chrono::steady_clock::now() < since + 500ms; ++looks) {
    std::this_thread::yield();
    if (const int count = scarcity::threads(); count < least) {
      least = count;
      since = std::chrono::steady_clock::now();
      looks = 0;
    }
  }
  return least;
}

bool threads_are(int count) {
  const auto bound = std::chrono::steady_clock::now() + patience;
  while (scarcity::threads() > count && std::chrono::steady_clock::now() < bound)
    std::this_thread::yield();
  return scarcity::threads() <= count;
}

task<int> some_work() {
  command_line line{"true"};
  command_options options;
  const auto ended = co_await run_command(std::move(line), std::move(options));
  const int on_thread = co_await run_in_thread([] { return 1; });
  co_return ended.exit_code + on_thread;
}

/// A manager that runs a command and a call on a thread, and is observed: what has failed, in words.
std::string use_everything() {
  try {
    task_manager tasks{{.scheduler_threads = 2, .logger = std::make_shared<spdlog::logger>("none")}};
    const auto seen = tasks.observe([](const task_event&) {});
    return tasks.add_task({.id = "work"}, some_work).value().get() == 1 ? "" : "another result";
  } catch (const std::exception& error) {
    return error.what();
  }
}

struct nothing_shared {};

task<void> for_an_hour() { co_await sleep_for(std::chrono::hours{1}); }

/// Its reply is copied on another thread than the one that replies.
task<int> asks_for_copy(caf::actor whom) {
  const auto what = msg::run({}, [] { return shortages_messages::number{std::make_shared<int>(1)}; });
  const auto reply = co_await request<shortages_messages::number>(whom, 1h, what);
  co_return *reply.value;
}

/// What a manager does on threads that it makes when they are needed. Gives what has failed for want of one.
std::vector<std::string> use_manager(task_manager& tasks) {
  std::vector<std::string> failed;
  subscription seen;
  try {
    seen = tasks.observe([](const task_event&) {});
  } catch (const std::system_error& error) {
    failed.emplace_back(error.what());
  }
  const auto work = tasks.add_task({}, some_work).value();
  task_options asks{.timeout = std::chrono::milliseconds{5}};
  asks.retry = retry{.max_attempts = 2, .retry_on = [](const failure&) { return false; }};
  const auto asked = tasks.add_task(std::move(asks), for_an_hour).value();
  const auto replied = tasks.add_task({}, asks_for_copy, tasks.actor()).value();
  const auto holder = tasks.add_task({.limits = {{"one"}}}, for_an_hour).value();
  const auto never_runs
      = tasks
            .add_task(
                {.limits = {{"one"}}}, [](const std::function<void()>&) {}, std::function<void()>{[] {}})
            .value();
  never_runs.cancel(); // its argument is destroyed on another thread
  BOOST_TEST(work.wait_for(patience));
  BOOST_TEST(replied.wait_for(patience));
  for (const auto* each : {&work, &replied})
    if (each->finished() && !*each->try_outcome())
      failed.push_back(each->try_outcome()->error().message());
  BOOST_TEST(asked.wait_for(patience));
  BOOST_TEST((asked.state() == state::timed_out));
  BOOST_TEST(never_runs.wait_for(patience));
  holder.cancel();
  BOOST_TEST(holder.wait_for(patience));
  return failed;
}

} // namespace shortages

BOOST_FIXTURE_TEST_SUITE(shortages, server_fixture)

BOOST_AUTO_TEST_CASE(a_command_for_which_there_is_no_room_waits_for_the_end_of_another) {
  run({"true"}); // the watchdog is there
  for (const auto which : {kind::pipe, kind::process})
    for (const int error : all_errors) {
      const auto [first, other] = start({"sleep", "1000"});
      other->wait_started();
      const shortage there_is{which, error};
      const auto waiting = start({"echo", "hello"}).second;
      there_is.wait();
      server->signal(first, SIGKILL);
      BOOST_TEST(waiting->wait_exit().out == "hello\n");
      other->wait_exit();
      BOOST_TEST(there_is.failed() == 1);
    }
}

BOOST_AUTO_TEST_CASE(all_of_many_commands_run_though_most_starts_find_no_room) {
  for (const auto which : {kind::pipe, kind::process}) {
    std::vector<std::shared_ptr<recorder>> all;
    const auto [holder, held] = start({"sleep", "1000"});
    held->wait_started();
    {
      const shortage there_is{which, EAGAIN, 5, 12};
      for (int i = 0; i < 60; ++i)
        all.push_back(start({"true"}).second);
      there_is.wait();
      for (const auto& each : all)
        BOOST_TEST(each->wait_exit().exit_code == 0);
    }
    server->signal(holder, SIGKILL);
    held->wait_exit();
  }
}

BOOST_AUTO_TEST_CASE(where_nothing_else_runs_it_is_an_error_in_words) {
  for (const auto which : {kind::pipe, kind::process})
    for (const int error : all_errors) {
      const shortage there_is{which, error, 1, scarcity::always};
      const auto failure = fail({"true"});
      BOOST_TEST((failure.code == errc::command_not_started));
      BOOST_TEST(contains(failure.message, std::generic_category().message(error)));
    }
  BOOST_TEST(run({"true"}).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(what_waits_for_room_is_abandoned_at_once_and_so_is_what_is_behind_it) {
  const auto [holder, held] = start({"sleep", "1000"});
  held->wait_started();
  {
    const shortage there_is{kind::process, EAGAIN, 1, scarcity::always};
    const auto [head, at_head] = start({"true"});
    there_is.wait();
    const auto [second, behind] = start({"true"});
    server->signal(second, SIGTERM);
    BOOST_TEST((behind->wait_failure().code == errc::stopping));
    server->signal(head, SIGKILL);
    BOOST_TEST((at_head->wait_failure().code == errc::stopping));
  }
  server->signal(holder, SIGKILL);
  held->wait_exit();
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_room) {
  const auto held = start({"sleep", "1000"}).second;
  held->wait_started();
  const shortage there_is{kind::process, EAGAIN, 1, scarcity::always};
  const auto waiting = start({"true"}).second;
  there_is.wait();
  server->stop();
  BOOST_TEST((waiting->wait_failure().code == errc::stopping));
  held->wait_exit();
}

BOOST_AUTO_TEST_CASE(a_thread_for_commands_that_can_not_be_had_is_an_error_and_the_next_start_asks_again) {
  {
    const shortage there_is{kind::thread, EAGAIN};
    const auto failure = fail({"true"});
    BOOST_TEST((failure.code == errc::command_not_started));
    BOOST_TEST(contains(failure.message, "thread"));
  }
  BOOST_TEST(run({"true"}).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(every_thread_that_can_not_be_had_is_an_error_in_words_and_nothing_waits_for_it) {
  BOOST_REQUIRE(use_everything() == "");
  const int before = threads_that_stay();
  int failures = 0;
  for (int room = 0;; ++room) {
    const scarcity::thread_limit low{before + room};
    const auto said = use_everything();
    BOOST_TEST(threads_are(before));
    if (low.failed() == 0)
      break;
    ++failures;
    if (!said.empty()) // what was left to do, another thread has done
      BOOST_TEST(contains(said, "there is no thread left"), room << ": " << said);
  }
  BOOST_TEST(failures > 6);
}

/// One that ends without any is left behind, with what it has open: so nothing is counted here.
BOOST_FIXTURE_TEST_CASE(a_manager_goes_on_without_the_threads_that_it_would_make, nothing_shared) {
  const auto none = std::make_shared<spdlog::logger>("none");
  int refused = 1;
  for (int nth = 1; refused != 0; ++nth)
    BOOST_TEST_CONTEXT("without thread " << nth << " and those after it") {
      std::optional<task_manager> tasks;
      tasks.emplace(manager_options{.scheduler_threads = 2, .logger = none});
      tasks->add_limiter("one", {.capacity = 1});
      {
        const shortage there_is{kind::thread, EAGAIN, nth, scarcity::always};
        for (const auto& said : use_manager(*tasks))
          BOOST_TEST(contains(said, "there is no thread left"), said);
        refused = there_is.failed();
        if (nth % 2 == 0)
          tasks.reset(); // which takes its time, and no more
      }
      if (tasks)
        BOOST_TEST(use_manager(*tasks).empty());
    }
}

BOOST_AUTO_TEST_CASE(every_descriptor_that_can_not_be_had_is_an_error_in_words_and_nothing_waits_for_it) {
  for (const auto which : scarcity::kinds_of_descriptor)
    for (const int error : {EMFILE, ENFILE}) {
      for (int nth = 1;; ++nth) {
        const shortage there_is{which, error, nth};
        const auto said = use_everything();
        if (there_is.failed() == 0)
          break;
        BOOST_TEST(contains(said, std::generic_category().message(error)), name_of(which)
                                                                               << ' ' << nth << ": " << said);
      }
    }
}

BOOST_AUTO_TEST_CASE(links_without_a_thread_of_theirs_are_an_error_in_words) {
  { const link_host all; }
  const int before = threads_that_stay();
  int failures = 0;
  for (int room = 0;; ++room) {
    const scarcity::thread_limit low{before + room};
    try {
      const link_host made;
    } catch (const std::system_error& error) {
      BOOST_TEST(contains(error.what(), "links to workers"));
    }
    BOOST_TEST(threads_are(before));
    if (low.failed() == 0)
      break;
    ++failures;
  }
  BOOST_TEST(failures >= 3); // a worker, the clock, the multiplexer
}

BOOST_AUTO_TEST_CASE(a_node_without_a_thread_of_its_own_is_an_error_in_words_and_leaves_no_socket) {
  const temporary_directory folder;
  const auto path = folder / "socket";
  task_manager tasks{{.scheduler_threads = 2, .logger = std::make_shared<spdlog::logger>("none")}};
  const auto begin = [&] {
    node here{tasks, {.name = "here", .drain = 0s}};
    here.listen("unix:" + path);
  };
  begin();
  const int before = threads_that_stay();
  int failures = 0;
  for (int room = 0;; ++room) {
    const scarcity::thread_limit low{before + room};
    try {
      begin();
    } catch (const std::system_error& error) {
      BOOST_TEST(contains(error.what(), "there is no thread left for "));
    }
    BOOST_TEST(threads_are(before));
    BOOST_TEST(!std::filesystem::exists(path));
    if (low.failed() == 0)
      break;
    ++failures;
  }
  BOOST_TEST(failures > 4);
}

BOOST_AUTO_TEST_CASE(a_limit_on_the_length_of_files_ends_no_program_and_leaves_commands_room) {
  for (const rlim_t bytes : {rlim_t{100} << 10, rlim_t{16} << 10}) {
    const test::soft_limit low{RLIMIT_FSIZE, bytes};
    BOOST_TEST(use_everything() == "");
  }
  const test::soft_limit lower{RLIMIT_FSIZE, 1024};
  const auto said = use_everything();
  BOOST_TEST(contains(said, "File too large"));
}

BOOST_AUTO_TEST_CASE(the_table_of_groups_grows_and_is_full_in_words) {
  group_table groups;
  const auto length = [&] {
    struct stat file {};
    BOOST_REQUIRE(::fstat(groups.file().get(), &file) == 0);
    return file.st_size;
  };
  const auto small = length();
  BOOST_TEST(small <= 4096);
  std::vector<group_slot*> taken;
  for (int i = 0; i < 3000; ++i)
    *taken.emplace_back(groups.take()) = i + 1;
  BOOST_TEST(length() >= 3000 * 4);
  {
    const test::soft_limit low{RLIMIT_FSIZE, static_cast<rlim_t>(length())};
    BOOST_CHECK_EXCEPTION(for (;;) taken.push_back(groups.take()), std::system_error, [](const auto& error) {
      return error.code() == std::errc::resource_unavailable_try_again;
    });
  }
  BOOST_TEST(*taken[2999] == 3000);
  for (auto* each : taken)
    groups.give_back(each);
  BOOST_TEST(*taken[2999] == 0);
}

BOOST_AUTO_TEST_SUITE_END()
