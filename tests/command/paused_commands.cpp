// Commands that are stopped, by a pause or by somebody else, and what they are given beside their streams.
#include "lifecycle/bodies.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/command_pause.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

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
        = [this](ta::output_stream, std::string_view line) { pid_.set_value(std::stoi(std::string{line})); };
    return tasks.run_command({}, {"sh", "-c", "echo $$; read x < " + (folder / "gate")}, std::move(options))
        .value();
  }
  int pid() {
    auto known = pid_.get_future();
    BOOST_REQUIRE(known.wait_for(60s) == std::future_status::ready);
    return known.get();
  }
  /// Empty: its time was up before it could say it.
  std::optional<int> pid_of(const ta::handle<ta::command_result>& task) {
    auto known = pid_.get_future();
    bool over = false;
    while (known.wait_for(1ms) != std::future_status::ready)
      if (std::exchange(over, task.finished())) // it had ended before that look
        return {};
    return known.get();
  }
  void open() const { std::ofstream{folder / "gate"} << "\n"; }
  /// By the kernel's letter. A signal takes its moment. False: the process is gone.
  static bool comes_to(int pid, bool stopped) {
    for (;;) {
      std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
      std::string id, name, state;
      if (!(file >> id >> name >> state))
        return false;
      if ((state == "T") == stopped)
        return true;
      std::this_thread::yield();
    }
  }

  temporary_directory folder;
  ta::task_manager tasks{{.process_capacity = 4}};
  std::shared_ptr<ta::command_pause> pause = std::make_shared<ta::command_pause>();

private:
  std::promise<int> pid_;
};

/// Whether it was stopped for twice as long as it may run, and not out of time in the end.
bool outlives_a_pause(std::chrono::milliseconds limit) {
  gated_command here;
  const auto task = here.start({.timeout = limit, .pause = here.pause});
  const auto process = here.pid_of(task);
  here.pause->begin();
  BOOST_TEST(here.pause->active());
  bool lives = process && gated_command::comes_to(*process, true);
  while (lives && here.pause->duration() < 2 * limit)
    std::this_thread::yield();
  lives = lives && !task.try_outcome();
  here.pause->end();
  lives = lives && gated_command::comes_to(*process, false);
  std::fstream gate{here.folder / "gate", std::ios::in | std::ios::out}; // it waits for no reader so
  gate << "\n" << std::flush;
  return !task.get().timed_out && lives;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_pause_stops_them_and_their_clocks) {
  bool outlived = false;
  for (auto limit = 300ms; !outlived && limit < 10s; limit *= 2) // until it is enough for all but the pause
    outlived = outlives_a_pause(limit);
  BOOST_TEST(outlived);
}

BOOST_AUTO_TEST_CASE(what_starts_in_a_pause_is_stopped_at_once) {
  ta::task_manager tasks;
  bool stopped = false;
  for (auto takes = 1s; !stopped && takes < 20s; takes *= 2) { // until who stops it is in time
    const auto pause = std::make_shared<ta::command_pause>();
    pause->begin();
    const auto task
        = tasks.run_command({}, {"sleep", std::to_string(takes.count())}, {.pause = pause}).value();
    stopped = !task.wait_for(takes + 500ms);
    pause->end();
    BOOST_TEST(task.get().success());
    BOOST_TEST((!stopped || pause->duration() >= takes + 500ms));
  }
  BOOST_TEST(stopped);
}

BOOST_AUTO_TEST_CASE(its_time_is_up_behind_a_pause_all_the_same) {
  bool paused_in_time = false;
  for (auto limit = 100ms; !paused_in_time && limit < 10s; limit *= 2) {
    gated_command here;
    const auto task = here.start({.timeout = limit, .pause = here.pause, .grace = 0s});
    const auto process = here.pid_of(task);
    here.pause->begin();
    here.pause->end();
    paused_in_time = process && !task.finished();
    BOOST_TEST(task.get().timed_out);
  }
  BOOST_TEST(paused_in_time);
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
