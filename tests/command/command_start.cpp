#include "fixture.hpp"

#include "command/child_setup.hpp"
#include "command/group_table.hpp"
#include "command/spawn.hpp"
#include "command/watchdog_image.hpp"
#include "command/watchdog_protocol.h"

#include "support/soft_limit.hpp"

#include <algorithm>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace process_test;

namespace command_start {

std::string write_file(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream{path} << text;
  BOOST_REQUIRE(::chmod(path.c_str(), mode) == 0);
  return path;
}

int run_probe(const unique_fd& program) {
  const auto path = "/proc/self/fd/" + std::to_string(program.get());
  int status = -1;
  ::waitpid(child_setup{}.start(path, {TASKACTOR_MODE_PROBE}, {}), &status, 0);
  return status;
}

/// A command whose process hangs where its program or its directory should be, as far as the table can tell:
/// the serving thread waits for it and can't be asked.
struct hanging_start {
  hanging_start() {
    start_request request{.key = 1, .plan = plan_launch({"true"}, {})};
    int abandoned_by = 0;
    BOOST_REQUIRE(table.add(std::move(request)));
    BOOST_REQUIRE(table.next(abandoned_by));
    const auto plan = plan_launch({"sleep", "1000"}, {});
    auto pipes = open_pipes(plan);
    pid = spawn(plan, pipes, {null.get(), groups.take(), stack, table.starting(1)}).pid;
  }
  /// The signal that has ended it.
  int wait_end() const {
    BOOST_TEST(end_witness{pid}.sees_end());
    int status = 0;
    BOOST_TEST(::waitpid(pid, &status, 0) == pid);
    return WTERMSIG(status);
  }

  command_table table;
  group_table groups;
  child_stack stack;
  unique_fd null = own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
  pid_t pid = -1;
};

} // namespace command_start

BOOST_FIXTURE_TEST_SUITE(command_start, server_fixture)

BOOST_AUTO_TEST_CASE(a_program_that_is_not_on_the_path_is_not_found) {
  const auto failure = fail({"no-such-program"});
  BOOST_TEST((failure.code == errc::command_not_found));
  BOOST_TEST(failure.message == "cannot run 'no-such-program': not found on the PATH");
}

BOOST_AUTO_TEST_CASE(a_path_that_is_not_there_is_not_found) {
  const auto failure = fail({"/no/such/program"});
  BOOST_TEST((failure.code == errc::command_not_found));
  BOOST_TEST(failure.message == "cannot run '/no/such/program': No such file or directory");
  BOOST_TEST((fail({""}).code == errc::command_not_found));
}

BOOST_AUTO_TEST_CASE(a_directory_and_a_file_without_permission_are_not_executable) {
  temporary_directory folder;
  write_file(folder / "plain", "#!/bin/sh\n", 0644);
  BOOST_TEST((fail({folder.path()}).code == errc::command_not_executable));
  const auto failure = fail({"plain"}, {.env = variables{{"PATH", "/nowhere:" + folder.path()}}});
  BOOST_TEST((failure.code == errc::command_not_executable));
  BOOST_TEST(contains(failure.message, "Permission denied"));
}

BOOST_AUTO_TEST_CASE(a_script_without_an_interpreter_line_is_not_executable) {
  temporary_directory folder;
  const auto failure = fail({write_file(folder / "script", "echo hello\n", 0755)});
  BOOST_TEST((failure.code == errc::command_not_executable));
  BOOST_TEST(contains(failure.message, "#!"));
}

BOOST_AUTO_TEST_CASE(a_script_whose_interpreter_is_missing_is_not_executable) {
  temporary_directory folder;
  const auto failure = fail({write_file(folder / "script", "#!/no/such/interpreter\n", 0755)});
  BOOST_TEST((failure.code == errc::command_not_executable));
  BOOST_TEST(contains(failure.message, "interpreter"));
}

BOOST_AUTO_TEST_CASE(a_script_that_is_still_being_written_is_not_executable) {
  temporary_directory folder;
  const auto script = write_file(folder / "script", "#!/bin/sh\n", 0755);
  const std::ofstream writer{script, std::ios::app};
  const auto failure = fail({script});
  BOOST_TEST((failure.code == errc::command_not_executable));
  BOOST_TEST(contains(failure.message, "Text file busy"));
}

BOOST_AUTO_TEST_CASE(scripts_can_be_written_and_run_while_others_start) {
  temporary_directory folder;
  std::vector<std::shared_ptr<recorder>> noise;
  for (int i = 0; i < 60; ++i) {
    noise.push_back(start({"true"}).second);
    const auto script = write_file(folder / std::to_string(i), "#!/bin/sh\nexit 3\n", 0755);
    BOOST_TEST(run({script}).exit_code == 3);
  }
  for (const auto& listener : noise)
    listener->wait_exit();
}

BOOST_AUTO_TEST_CASE(a_later_directory_of_the_path_has_what_an_earlier_one_has_not_or_may_not_run) {
  temporary_directory folder;
  std::filesystem::create_directories(folder / "a/tool");
  std::filesystem::create_directory(folder / "b");
  write_file(folder / "b/tool", "#!/bin/sh\necho $0\n", 0755);
  const auto path = "/nowhere:" + folder / "a:" + folder.path() + "/b";
  BOOST_TEST(run({"tool"}, {.env = variables{{"PATH", path}}}).out == folder / "b/tool\n");
}

BOOST_AUTO_TEST_CASE(relative_names_are_relative_to_the_commands_working_directory) {
  temporary_directory folder;
  write_file(folder / "tool", "#!/bin/sh\npwd -P\n", 0755);
  const auto real = std::filesystem::canonical(folder.path()).string() + "\n";
  BOOST_TEST(run({"./tool"}, {.cwd = folder.path()}).out == real);
  BOOST_TEST(run({"tool"}, {.env = variables{{"PATH", ":/bin:/usr/bin"}}, .cwd = folder.path()}).out == real);
  BOOST_TEST((fail({"./tool"}).code == errc::command_not_found));
}

BOOST_AUTO_TEST_CASE(a_working_directory_that_is_not_there_is_an_invalid_argument) {
  const auto failure = fail({"true"}, {.cwd = "/no/such/place"});
  BOOST_TEST((failure.code == errc::invalid_argument));
  BOOST_TEST(failure.message == "cwd: '/no/such/place': No such file or directory");
}

BOOST_AUTO_TEST_CASE(arguments_that_are_too_long_are_told_apart_from_a_missing_program) {
  const auto failure = fail({"true", std::string(std::size_t{8} << 20, 'x')});
  BOOST_TEST((failure.code == errc::invalid_argument)); // another attempt would end in the same way
  BOOST_TEST(contains(failure.message, "Argument list too long"));
}

BOOST_AUTO_TEST_CASE(a_refused_option_is_told_on_the_serving_thread_as_any_failure) {
  BOOST_TEST((fail({}).code == errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_command_has_its_three_streams_and_no_other_descriptor) {
  const int leaked = ::dup(0);                                     // not close-on-exec
  BOOST_TEST(run_shell("ls /proc/self/fd").out == "0\n1\n2\n3\n"); // the last is the listed directory
  ::close(leaked);
}

BOOST_AUTO_TEST_CASE(a_command_has_default_signals_a_group_of_its_own_and_dies_with_its_parent) {
  const ignored_signal here{SIGHUP};
  const auto result = run({"grep", "-E", "^(Sig(Ign|Blk)|NSpgid)", "/proc/self/status"});
  const auto group = std::to_string(result.pid);
  BOOST_TEST(result.out == "NSpgid:\t" + group + "\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

BOOST_AUTO_TEST_CASE(a_shortage_of_descriptors_at_any_step_is_a_failed_start_that_leaves_none_behind) {
  int failures = 0;
  for (rlim_t spare = 0;; ++spare) {
    BOOST_REQUIRE(spare < 60);
    const auto limit = static_cast<rlim_t>(std::max<std::size_t>(descriptors + 2, 10)) + spare;
    std::shared_ptr<recorder> listener;
    {
      const test::soft_limit low{RLIMIT_NOFILE, limit};
      listener = start({"cat"}, {.stdin_data = "x"}).second;
      listener->wait_end();
    }
    if (listener->was_started())
      break;
    ++failures;
    BOOST_TEST((listener->wait_failure().code == errc::command_not_started));
    BOOST_TEST(contains(listener->wait_failure().message, "Too many open files"));
  }
  BOOST_TEST(failures > 8);
}

BOOST_AUTO_TEST_CASE(a_group_is_noted_by_its_own_process_and_forgotten_by_us) {
  group_table groups;
  const child_stack stack;
  pid_t pid = 0;
  const auto null = own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
  const auto plan = plan_launch({"sleep", "1000"}, {});
  auto pipes = open_pipes(plan);
  auto* const slot = groups.take();
  const auto started = spawn(plan, pipes, {null.get(), slot, stack, pid});
  BOOST_TEST(started.pid == pid);
  BOOST_TEST((started.failure.stage == start_stage::none));
  BOOST_TEST(*slot == pid);
  groups.give_back(slot);
  BOOST_TEST(*slot == 0);
  kill_and_reap(pid);
}

BOOST_AUTO_TEST_CASE(kill_reaches_the_process_of_a_start_that_hangs_and_term_does_not) {
  hanging_start one;
  one.table.signal(1, SIGTERM);
  one.table.signal(1, SIGKILL);
  BOOST_TEST(one.wait_end() == SIGKILL);
  BOOST_TEST(one.table.running(1, one.pid) == SIGKILL); // not TERM, which came first
  one.table.retire(1, taskactor::detail::command_end::never_started);
}

BOOST_AUTO_TEST_CASE(a_stop_ends_a_start_that_hangs) {
  hanging_start one;
  one.table.stop();
  BOOST_TEST(one.wait_end() == SIGKILL);
}

BOOST_AUTO_TEST_CASE(the_watchdog_can_live_in_memory_and_in_a_file_without_a_name) {
  temporary_directory folder;
  BOOST_TEST(run_probe(watchdog_in_memory()) == 0);
  BOOST_TEST(run_probe(watchdog_in_directory(folder.path())) == 0);
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
  BOOST_CHECK_THROW(watchdog_in_directory("/no/such/place"), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
