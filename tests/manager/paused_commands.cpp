// Commands that are stopped, by a pause or by somebody else, and what they are given beside their streams.
#include "run/bodies.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/process/command_pause.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace test;

BOOST_AUTO_TEST_SUITE(paused_commands)

namespace {

/// Prints its process id, and ends when it may.
struct gated_command {
  gated_command() { BOOST_REQUIRE(::mkfifo((folder / "gate").c_str(), 0600) == 0); }

  ta::handle<ta::command_result> start(ta::command_options options) {
    options.on_line
        = [this](ta::stream, std::string_view line) { pid_.set_value(std::stoi(std::string{line})); };
    return tasks.run_command({}, {"sh", "-c", "echo $$; read x < " + (folder / "gate")}, std::move(options))
        .value();
  }
  int pid() {
    auto known = pid_.get_future();
    BOOST_REQUIRE(known.wait_for(60s) == std::future_status::ready);
    return known.get();
  }
  void open() const { std::ofstream{folder / "gate"} << "\n"; }
  /// By the kernel's letter. A signal takes its moment.
  static void wait_for(int pid, bool stopped) {
    for (;;) {
      std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
      std::string id, name, state;
      BOOST_REQUIRE((file >> id >> name >> state));
      if ((state == "T") == stopped)
        return;
      std::this_thread::yield();
    }
  }

  temporary_directory folder;
  ta::task_manager tasks{{.process_capacity = 4}};
  std::shared_ptr<ta::command_pause> pause = std::make_shared<ta::command_pause>();

private:
  std::promise<int> pid_;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_pause_stops_them_and_their_clocks, gated_command) {
  const auto task = start({.timeout = 300ms, .pause = pause});
  const int process = pid();
  const auto begin = std::chrono::steady_clock::now();
  pause->begin();
  BOOST_TEST(pause->active());
  wait_for(process, true);
  while (pause->duration() < 600ms) // twice as long as it may run
    std::this_thread::yield();
  BOOST_TEST(!task.try_outcome());
  pause->end();
  wait_for(process, false);
  open();
  BOOST_TEST(!task.get().timed_out);
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 600ms));
}

BOOST_FIXTURE_TEST_CASE(what_starts_in_a_pause_is_stopped_at_once, gated_command) {
  pause->begin();
  const auto task = tasks.run_command({}, {"sleep", "0.3"}, {.pause = pause}).value();
  BOOST_TEST(!task.wait_for(700ms));
  pause->end();
  BOOST_TEST(task.get().success());
  BOOST_TEST((pause->duration() >= 700ms));
}

BOOST_FIXTURE_TEST_CASE(its_time_is_up_behind_a_pause_all_the_same, gated_command) {
  const auto task = start({.timeout = 100ms, .pause = pause, .grace = 0s});
  pid();
  pause->begin();
  pause->end();
  BOOST_TEST(task.get().timed_out);
}

BOOST_FIXTURE_TEST_CASE(who_stops_one_is_told, gated_command) {
  std::promise<int> told;
  const auto task = start({.on_stopped = [&told](int signal) { told.set_value(signal); }});
  const int process = pid();
  ::kill(process, SIGSTOP);
  BOOST_TEST(told.get_future().get() == SIGSTOP);
  ::kill(process, SIGCONT);
  open();
  BOOST_TEST(task.get().success());
}

BOOST_AUTO_TEST_CASE(a_command_has_no_descriptor_of_this_program_unless_it_inherits_them) {
  ta::task_manager tasks;
  const int kept = ::open("/dev/null", O_RDONLY); // NOLINT: to be inherited
  const std::string script = "[ -e /proc/self/fd/" + std::to_string(kept) + " ]";
  BOOST_TEST(!tasks.run_command({}, {"sh", "-c", script}).value().get().success());
  BOOST_TEST(
      tasks.run_command({}, {"sh", "-c", script}, {.inherits_descriptors = true}).value().get().success());
  ::close(kept);
}

BOOST_AUTO_TEST_CASE(its_limit_of_descriptors_can_be_another) {
  ta::task_manager tasks;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto hard = limit.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_max);
  const auto told
      = tasks.run_command({}, {"sh", "-c", "ulimit -Sn; ulimit -Hn"}, {.open_files = 99}).value().get();
  BOOST_TEST(told.out == "99\n" + hard + "\n");
  const auto refused = tasks.run_command({}, {"true"}, {.open_files = 0}).value().wait_outcome();
  BOOST_TEST(!refused);
}

BOOST_AUTO_TEST_SUITE_END()
