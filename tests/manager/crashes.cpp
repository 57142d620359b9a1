// Crash isolation: whatever a worker dies of, its call is a failed outcome that says of what, and nobody else
// notices: calls in other workers, tasks, threads, and the manager's counts.
#include <boost/test/unit_test.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include "support/temporary_directory.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace crashes {

// NOLINTBEGIN: they do what a program must not do
/// Each level has a page of its own, and something to do when it comes back.
int deeper(int depth) {
  volatile char page[4096]{};
  page[depth % 4096] = 1;
  return depth == 1 << 24 ? 0 : deeper(depth + 1) + page[(depth + 1) % 4096];
}

void fail(const char* why) { throw std::runtime_error{why}; }
struct deadly_destructor {
  ~deadly_destructor() { fail("out of a destructor"); }
};

void beyond_the_end_of_a_file() {
  const int fd = ::memfd_create("cut", 0);
  static_cast<void>(::ftruncate(fd, 4096));
  auto* const page = static_cast<volatile char*>(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0));
  static_cast<void>(::ftruncate(fd, 0));
  static_cast<void>(*page);
}

void allocate_without_end() noexcept {
  std::vector<std::vector<char>> all;
  for (;;)
    all.emplace_back(std::size_t{1} << 20, 'x');
}

const std::map<std::string, void (*)()> deaths{
    {"null pointer",
     [] {
       volatile int* nowhere = nullptr;
       *nowhere = 1;
     }},
    {"abort", [] { std::abort(); }},
    {"_exit", [] { ::_exit(7); }},
    {"exit", [] { std::exit(8); }},
    {"quick_exit", [] { std::quick_exit(9); }},
    {"exit code 0", [] { ::_exit(0); }},
    {"exception in a thread", [] { std::thread{[] { fail("nobody's"); }}.join(); }},
    {"exception out of a destructor", [] { const deadly_destructor here; }},
    {"memory", allocate_without_end},
    {"stack", [] { static_cast<void>(deeper(0)); }},
    {"file cut short", beyond_the_end_of_a_file},
    {"illegal instruction", [] { __builtin_trap(); }},
    {"signal to itself", [] { ::kill(::getpid(), SIGKILL); }},
};

int die_of(const std::string& what) {
  deaths.at(what)();
  return 0;
}
// NOLINTEND

/// Tells who it is, and then waits to be killed.
ta::task<int> tell_and_wait(std::string folder) {
  std::ofstream{folder + "/new"} << ::getpid();
  std::filesystem::rename(folder + "/new", folder + "/process");
  for (;;)
    co_await ta::sleep_for(1h);
}

ta::task<int> until_open(std::string folder) {
  while (!std::filesystem::exists(folder + "/open"))
    co_await ta::sleep_for(1ms);
  co_return static_cast<int>(::getpid());
}

TASKACTOR_REGISTER_AS(die_of, "die_of", {.process = {.memory = std::size_t{256} << 20}});
TASKACTOR_REGISTER(tell_and_wait);
TASKACTOR_REGISTER(until_open);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true; // it has handlers of its own for signals, and address space without end
#else
constexpr bool sanitized = false;
#endif

/// A task, a thread's call and a worker's call, which run from before the crashes until after them.
struct beside {
  test::temporary_directory folder;
  ta::task_manager tasks{{.process_capacity = 2, .cancel_grace = 1min}};
  ta::handle<int> body = tasks.add_task({}, until_open, folder.path()).value();
  ta::handle<int> elsewhere = tasks.run_in_process({}, until_open, folder.path()).value();
  ta::handle<int> thread = tasks
                               .run_in_thread({},
                                              [this] {
                                                while (!std::filesystem::exists(folder / "open"))
                                                  std::this_thread::yield();
                                                return 1;
                                              })
                               .value();

  ~beside() { open(); }
  void open() const { std::ofstream{folder / "open"} << "yes"; }

  void check_undisturbed(std::size_t lost) {
    for (const auto& each : {body, elsewhere, thread})
      BOOST_TEST(!each.finished());
    open();
    BOOST_TEST(body.get() == ::getpid());
    BOOST_TEST(elsewhere.get() != ::getpid());
    BOOST_TEST(thread.get() == 1);
    while (tasks.statistics().running != 0)
      std::this_thread::yield();
    const auto facts = tasks.statistics();
    BOOST_TEST(facts.completed + facts.failed == facts.submitted);
    BOOST_TEST(facts.failed == lost);
    BOOST_TEST(facts.workers.lost == lost);
    BOOST_TEST(facts.workers.started
               == lost + 1); // each dead one was replaced when it was needed, but the last
    BOOST_TEST(facts.global.in_use + facts.thread.in_use + facts.process.in_use == 0u);
    BOOST_TEST(facts.overruns == 0u);
  }
};

void check_lost(const ta::outcome<int>& how, int exit_code, int signal, const std::string& said) {
  BOOST_REQUIRE(how.state() == ta::state::failed);
  const auto text = how.error().message();
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(text.find(said) != std::string::npos);
    try {
      static_cast<void>(how.value());
      BOOST_ERROR("it has a value");
    } catch (const ta::worker_lost& lost) {
      BOOST_TEST(lost.exit_code() == exit_code);
      BOOST_TEST(lost.term_signal() == signal);
    }
  }
}

} // namespace crashes

BOOST_FIXTURE_TEST_SUITE(crashes, beside)

BOOST_AUTO_TEST_CASE(a_worker_that_ends_itself_fails_its_call_alone) {
  struct death {
    const char* what;
    int exit_code, signal;
    const char* said;
    bool sanitizers_see_it;
  };
  const death all[] = {
      {"null pointer", -1, SIGSEGV, "killed by signal 11 (SEGV)", true},
      {"abort", -1, SIGABRT, "killed by signal 6 (ABRT)", true},
      {"_exit", 7, 0, "exit code 7", false},
      {"exit", 8, 0, "exit code 8", true}, // what runs at an exit looks for leaks
      {"quick_exit", 9, 0, "exit code 9", false},
      {"exit code 0", 0, 0, "exit code 0", false},
      {"exception in a thread", -1, SIGABRT, "killed by signal 6 (ABRT)", true},
      {"exception out of a destructor", -1, SIGABRT, "killed by signal 6 (ABRT)", true},
      {"memory", -1, SIGABRT, "killed by signal 6 (ABRT)", true},
      {"stack", -1, SIGSEGV, "killed by signal 11 (SEGV)", true},
      {"file cut short", -1, SIGBUS, "killed by signal 7 (BUS)", true},
      {"illegal instruction", -1, SIGILL, "killed by signal 4 (ILL)", true},
      {"signal to itself", -1, SIGKILL, "killed by signal 9 (KILL)", false},
  };
  BOOST_TEST(std::size(all) == deaths.size());
  std::size_t lost = 0;
  for (const auto& each : all)
    BOOST_TEST_CONTEXT(each.what) {
      if (sanitized && each.sanitizers_see_it)
        continue;
      const auto how = tasks.run_in_process({}, die_of, std::string{each.what}).value().wait_outcome();
      check_lost(how, each.exit_code, each.signal, each.said);
      ++lost;
    }
  check_undisturbed(lost);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_killed_from_outside_fails_its_call_alone) {
  const std::pair<int, const char*> signals[] = {{SIGKILL, "killed by signal 9 (KILL)"},
                                                 {SIGTERM, "killed by signal 15 (TERM)"},
                                                 {SIGHUP, "killed by signal 1 (HUP)"}};
  for (const auto& [signal, said] : signals) {
    auto killed = tasks.run_in_process({}, tell_and_wait, folder.path()).value();
    while (!std::filesystem::exists(folder / "process"))
      std::this_thread::yield();
    pid_t id = 0;
    std::ifstream{folder / "process"} >> id;
    std::filesystem::remove(folder / "process");
    BOOST_REQUIRE(::kill(id, signal) == 0);
    check_lost(killed.wait_outcome(), -1, signal, said);
  }
  check_undisturbed(std::size(signals));
}

BOOST_AUTO_TEST_CASE(an_idle_worker_that_is_killed_is_replaced_and_no_call_fails) {
  const auto second = tasks.run_in_process({}, until_open, folder.path()).value();
  while (tasks.statistics().workers.busy != 2) // each has one of its own, before either may end
    std::this_thread::yield();
  open();
  const int id = second.get();
  BOOST_TEST(elsewhere.get() != id);
  while (tasks.statistics().workers.busy != 0)
    std::this_thread::yield();
  const auto before = tasks.statistics().workers;
  BOOST_REQUIRE(::kill(id, SIGKILL) == 0);
  while (tasks.statistics().workers.lost == before.lost)
    std::this_thread::yield();
  for (int i = 0; i < 10; ++i)
    BOOST_TEST(tasks.run_in_process({}, until_open, folder.path()).value().get() != id);
}

BOOST_AUTO_TEST_SUITE_END()
