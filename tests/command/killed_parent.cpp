#include "fixture.hpp"

#include "command/child_setup.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

using namespace process_test;

namespace killed_parent {

constexpr const char* scenario_variable = "TASKACTOR_TEST_SCENARIO";
constexpr int report_fd = 5;

struct process {
  pid_t pid;
  pid_t parent;
  pid_t group;
  std::string name;
};

/// All processes, as /proc has them.
std::vector<process> processes() {
  std::vector<process> result;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    std::ifstream file{entry.path() / "stat"};
    std::string text;
    if (!std::getline(file, text))
      continue;
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    process found{std::stoi(text), 0, 0, text.substr(open + 1, close - open - 1)};
    char state = 0;
    std::istringstream{text.substr(close + 1)} >> state >> found.parent >> found.group;
    result.push_back(found);
  }
  return result;
}

/// This test program once more, with the scenario to play; it reports by a pipe.
class parent_process {
public:
  explicit parent_process(const std::string& scenario) {
    auto ends = make_pipe();
    report_ = std::move(ends.read);
    std::vector<std::string> environment{scenario_variable + ("=" + scenario)};
    for (char** entry = environ; *entry; ++entry)
      environment.emplace_back(*entry);
    child_setup setup;
    setup.give(ends.write.get(), report_fd);
    pid_ = setup.start("/proc/self/exe", {"parent", "--run_test=parent_to_kill", "--catch_system_errors=no"},
                       environment);
  }
  ~parent_process() { kill(); }

  pid_t pid() const { return pid_; }
  /// The group of each command, once all are ready.
  std::vector<pid_t> wait_groups(std::size_t count) {
    std::vector<pid_t> groups(count);
    for (auto& group : groups)
      BOOST_REQUIRE(::read(report_.get(), &group, sizeof group) == sizeof group);
    return groups;
  }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
  }

private:
  pid_t pid_ = -1;
  unique_fd report_;
};

pid_t watchdog_of(pid_t parent) {
  for (const auto& found : processes())
    if (found.parent == parent && found.name == "ta-watchdog")
      return found.pid;
  return -1;
}

/// It may have been started and not have its name yet.
pid_t wait_watchdog_of(pid_t parent) {
  const auto bound = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (const auto found = watchdog_of(parent); found > 0)
      return found;
    BOOST_REQUIRE(std::chrono::steady_clock::now() < bound);
  }
}

/// The members of the groups, and the watchdog.
std::vector<end_witness> watch(pid_t parent, const std::vector<pid_t>& groups) {
  std::vector<end_witness> result;
  for (const auto& found : processes())
    if (std::count(groups.begin(), groups.end(), found.group) != 0)
      result.emplace_back(found.pid);
  result.emplace_back(wait_watchdog_of(parent));
  return result;
}

bool all_end(const std::vector<end_witness>& watched) {
  return std::all_of(watched.begin(), watched.end(), [](const end_witness& one) { return one.sees_end(); });
}

// -- what the parent does: runs commands until it is killed -----------------

void report(pid_t group) { BOOST_REQUIRE(::write(report_fd, &group, sizeof group) == sizeof group); }

pid_t run_pipeline(server_fixture& fixture) {
  ready_line ready;
  const auto listener
      = fixture.start({"sh", "-c", "sleep 1000 | cat & echo ready; wait"}, {.on_line = ready.listener()})
            .second;
  ready.wait();
  return listener->wait_started();
}

/// Kills the watchdog and sees the next one come.
void replace_watchdog() {
  const auto first = wait_watchdog_of(::getpid());
  ::kill(first, SIGKILL);
  const auto bound = std::chrono::steady_clock::now() + patience;
  for (auto now = first; now == first || now < 0; now = watchdog_of(::getpid()))
    BOOST_REQUIRE(std::chrono::steady_clock::now() < bound);
}

void play(const std::string& scenario) {
  ::fcntl(report_fd, F_SETFD, FD_CLOEXEC);
  server_fixture fixture;
  const auto group = run_pipeline(fixture);
  if (scenario == "watchdog_killed")
    replace_watchdog();
  report(group);
  if (scenario == "forked" && ::fork() == 0) {
    report(::getpid()); // to be killed by the test
    for (;;)
      ::pause();
  }
  for (;;)
    ::pause();
}

} // namespace killed_parent

BOOST_AUTO_TEST_SUITE(killed_parent)

BOOST_AUTO_TEST_CASE(no_process_of_a_command_outlives_a_killed_parent) {
  parent_process parent{"plain"};
  const auto all = watch(parent.pid(), parent.wait_groups(1));
  BOOST_TEST(all.size() == 4U); // sh, sleep, cat and the watchdog
  parent.kill();
  BOOST_TEST(all_end(all));
}

BOOST_AUTO_TEST_CASE(a_killed_watchdog_is_replaced_at_once_by_one_that_knows_of_all_groups) {
  parent_process parent{"watchdog_killed"};
  const auto all = watch(parent.pid(), parent.wait_groups(1));
  BOOST_TEST(all.size() == 4U);
  parent.kill();
  BOOST_TEST(all_end(all));
}

BOOST_AUTO_TEST_CASE(a_process_that_the_parent_has_forked_does_not_hide_its_death) {
  parent_process parent{"forked"};
  const auto reported = parent.wait_groups(2);
  const auto fork = reported.back();
  const auto all = watch(parent.pid(), {reported.front()});
  BOOST_TEST(all.size() == 4U);
  parent.kill();
  BOOST_TEST(all_end(all));
  BOOST_TEST(::kill(fork, SIGKILL) == 0); // it was there
}

BOOST_AUTO_TEST_SUITE_END()

/// Not a test: the process that the tests kill, and run by name. (A suite of its own, since naming a suite
/// enables what is disabled in it.)
BOOST_AUTO_TEST_SUITE(parent_to_kill, *boost::unit_test::disabled())

using namespace killed_parent;

BOOST_AUTO_TEST_CASE(plays_a_scenario) {
  const char* scenario = std::getenv(scenario_variable);
  BOOST_REQUIRE(scenario != nullptr);
  play(scenario);
}

BOOST_AUTO_TEST_SUITE_END()
